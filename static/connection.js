// Whether the server hears us, in sight at all times. A network may swallow everything without a word, so we ask.
"use strict";

const GONE = 4404;
const ASK_EVERY_MS = 10_000;
const ASK_WHILE_BUSY_MS = 5_000;
const PATIENCE_MS = 4_000;
const GIVE_UP_MS = 10_000;
const CONNECT_WITHIN_MS = 10_000;
const EXPLAINED_AFTER = 3;
const BACK_FOR_MS = 5_000;

let link = null;
let heard = Date.now();
let doubts = [];
let connecting = 0;
let lost = false;
let opened = false;
let refusals = 0;
let plain = false;

function connection(state, words) {
  $("connection").dataset.state = state;
  $("connection").querySelector(".connection-words").textContent = words;
}

// Any frame is a sign of life; where none has come for a while, a ping asks for one.
function ask() {
  if (doubts.length || link?.socket?.readyState !== WebSocket.OPEN) return;
  link.socket.send('{"action": "ping"}');
  doubts = [setTimeout(unheard, PATIENCE_MS), setTimeout(drop, GIVE_UP_MS)];
}

function unheard() {
  connection("doubt", "No answer yet…");
  if (pending()) trouble("Not confirmed yet. Your message is kept here, and is sent again if need be.");
}

// To close it would wait for the other side's farewell, so it is taken for closed here.
function drop() {
  if (link?.socket) link.socket.dispatchEvent(new CloseEvent("close", { code: 1006 }));
}

function hear() {
  heard = Date.now();
  doubts.forEach(clearTimeout);
  doubts = [];
  if ($("connection").dataset.state === "doubt") connection("open", "Connected");
}

document.addEventListener("htmx:before:ws:connection", (event) => {
  link = event.detail.connection;
  clearTimeout(connecting);
  opened = false;
  connecting = setTimeout(() => link.socket?.readyState === WebSocket.CONNECTING && drop(), CONNECT_WITHIN_MS);
});

document.addEventListener("htmx:after:ws:connection", (event) => {
  link = event.detail.connection;
  clearTimeout(connecting);
  opened = true;
  refusals = 0;
  plain = false;
  hear();
  connection("open", "Connected");
  troubleIsOver();
  if (lost) back();
  const sent = pending();
  if (sent && sent.text === text.value) setTimeout(() => composer.requestSubmit());
});

function back() {
  lost = false;
  connection("back", "Connected again");
  announce("Connected again.");
  setTimeout(() => $("connection").dataset.state === "back" && connection("open", "Connected"), BACK_FOR_MS);
}

document.addEventListener("htmx:ws:close", (event) => {
  if (event.detail.reason === "removed") return;
  doubts.forEach(clearTimeout);
  doubts = [];
  text.readOnly = false;
  if (event.detail.code === GONE) {
    event.detail.connection.config.reconnect = false;
    connection("lost", "Gone");
    trouble("This conversation is no longer there. Start a new one.");
    return;
  }
  if (!lost) announce("The connection is lost. Reconnecting.");
  lost = true;
  connection("lost", "Reconnecting…");
  refusals = opened ? 0 : refusals + 1;
  opened = false;
  if (refusals === EXPLAINED_AFTER) explain();
});

// The browser says only that a socket failed; the server knows why, if it can be asked at all.
async function explain() {
  const address = `${document.documentElement.dataset.root}/ws/check?conversation=${app.dataset.conversation}`;
  let why = null;
  try {
    why = await (await fetch(address, { method: "POST" })).json();
  } catch {
    trouble("The server cannot be reached just now. This page keeps trying, and what you write is kept here.");
  }
  if (!why || opened) return;
  plain = why.code === "ok" || why.code === "upgrade";
  const reason = why.reason || "Something between this browser and us does not let the connection through.";
  trouble(plain ? `${reason} You can write all the same: the page is then loaded again with the answer.` : reason);
}

document.addEventListener("htmx:before:ws:message", hear);
document.addEventListener("htmx:after:ws:request", ask);

setInterval(() => {
  const quiet = Date.now() - heard;
  if (quiet >= ASK_EVERY_MS || (busy() && quiet >= ASK_WHILE_BUSY_MS)) ask();
}, 1_000);
addEventListener("offline", ask);
addEventListener("online", () => {
  if (link) link.attempt = 0;
  if (lost && link?.socket?.readyState !== WebSocket.OPEN) drop();
  else ask();
});
document.addEventListener("visibilitychange", () => document.hidden || ask());

// An error's page is no part of this one.
document.addEventListener("DOMContentLoaded", () => {
  htmx.config.noSwap = [204, 304, "4xx", "5xx"];
});
document.addEventListener("htmx:response:error", () => trouble("That did not work. Reload the page and try again."));

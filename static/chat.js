// What the page does besides what htmx does: keys, the draft, the drawer, the theme, and keeping one's place.
"use strict";

const GONE = 4404;
const $ = (id) => document.getElementById(id);
const app = document.querySelector(".app");
const thread = $("thread");
const text = $("text");
const composer = $("composer");
const draftKey = `draft:${app.dataset.conversation}`;
const pendingKey = `pending:${app.dataset.conversation}`;

// The draft survives a reload; it is dropped only when the server has taken the message.
text.value = text.value || sessionStorage.getItem(draftKey) || "";
text.addEventListener("input", () => sessionStorage.setItem(draftKey, text.value));

function newClientId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (n) => n.toString(16).padStart(2, "0")).join("");
}

// Both exist only where the page is served over https or from this machine.
if (!crypto.randomUUID) crypto.randomUUID = newClientId;
const clipboard = navigator.clipboard;

function pending() {
  return JSON.parse(sessionStorage.getItem(pendingKey) || "null");
}

function clearDraft() {
  sessionStorage.removeItem(draftKey);
  sessionStorage.removeItem(pendingKey);
  text.value = "";
  text.readOnly = false;
}

function busy() {
  return Boolean($("stop"));
}

// A message keeps its id until the server has it, so that sending it again after a lost connection cannot double it.
composer.addEventListener("submit", (event) => {
  if (busy() || !text.value.trim()) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  const sent = pending();
  $("client-id").value = sent && sent.text === text.value ? sent.id : newClientId();
  sessionStorage.setItem(pendingKey, JSON.stringify({ id: $("client-id").value, text: text.value }));
}, true);

document.addEventListener("htmx:after:ws:request", (event) => {
  if (event.target === composer) text.readOnly = true;
});

document.addEventListener("htmx:ws:error", () => {
  text.readOnly = false;
  if (pending()) trouble("The connection is lost. Your message is kept here; it is sent as soon as the connection is back.");
});

document.addEventListener("htmx:after:ws:message", () => {
  if (pending() && $("taken").textContent === pending().id) clearDraft();
  if ($("trouble").querySelector("p:not([data-ours])")) {
    text.readOnly = false;
    sessionStorage.removeItem(pendingKey);
  }
});

function trouble(words) {
  const line = document.createElement("p");
  line.textContent = words;
  line.dataset.ours = "";
  $("trouble").replaceChildren(line);
}

// Connection.
function connection(state, words) {
  $("connection").dataset.state = state;
  $("connection").querySelector(".connection-words").textContent = words;
}
document.addEventListener("htmx:after:ws:connection", () => {
  connection("open", "Connected");
  $("trouble").querySelector("[data-ours]")?.remove();
  if (pending() && text.value.trim()) setTimeout(() => composer.requestSubmit());
});
document.addEventListener("htmx:ws:close", (event) => {
  text.readOnly = false;
  if (event.detail.code === GONE) {
    event.detail.connection.config.reconnect = false;
    connection("lost", "Gone");
    trouble("This conversation is no longer there. Start a new one.");
  } else connection("lost", "Reconnecting…");
});

// An error's page is no part of this one.
document.addEventListener("DOMContentLoaded", () => {
  htmx.config.noSwap = [204, 304, "4xx", "5xx"];
});
document.addEventListener("htmx:response:error", () => trouble("That did not work. Reload the page and try again."));

// The page follows the answer only while its reader is at the end.
let atEnd = true;
const toEnd = document.querySelector("[data-to-end]");
function follow() {
  if (atEnd) thread.scrollTop = thread.scrollHeight;
  toEnd.hidden = atEnd;
}
thread.addEventListener("scroll", () => {
  atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 48;
  toEnd.hidden = atEnd;
});
new ResizeObserver(follow).observe(thread);
new MutationObserver(follow).observe(thread, { childList: true, subtree: true, characterData: true });
toEnd.addEventListener("click", () => {
  atEnd = true;
  follow();
});

// Keys.
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    if (!busy()) composer.requestSubmit();
  }
});
document.addEventListener("keydown", (event) => {
  const writing = event.target.closest("input, textarea, [popover]");
  if (event.key === "Escape" && !event.target.closest("[popover]")) {
    if (app.dataset.rail === "open") rail(false);
    else $("stop")?.click();
  } else if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    text.focus();
  } else if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    rail(true);
    $("find").focus();
  }
});

// Buttons.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("starter" in button.dataset) {
    text.value = button.textContent;
    composer.requestSubmit();
  } else if ("copy" in button.dataset) {
    clipboard?.writeText($(button.dataset.copy).innerText.trim()).then(() => {
      $("announce").textContent = "The answer was copied.";
      button.dataset.done = "";
      setTimeout(() => delete button.dataset.done, 1200);
    });
  } else if ("railOpen" in button.dataset) rail(app.dataset.rail !== "open");
  else if ("railClose" in button.dataset) rail(false);
  else if ("themeToggle" in button.dataset) theme();
});

function rail(open) {
  app.dataset.rail = open ? "open" : "closed";
  document.querySelector("[data-rail-open]").setAttribute("aria-expanded", String(open));
}

function theme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=${root.dataset.root || "/"}; max-age=31536000; samesite=lax`;
}

if (matchMedia("(hover: hover)").matches) text.focus();
follow();

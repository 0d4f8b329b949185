// Writing and sending: the draft, its length, and a message that is kept until the server has it.
"use strict";

const draftKey = `draft:${app.dataset.conversation}`;
const pendingKey = `pending:${app.dataset.conversation}`;
const longest = Number(text.dataset.longest);

// hx-ws asks for it, and it exists only where the page is served over https or from this machine.
if (!crypto.randomUUID) crypto.randomUUID = newClientId;

function newClientId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (n) => n.toString(16).padStart(2, "0")).join("");
}

// The draft survives a reload; it is dropped only when the server has taken the message.
text.value = text.value || sessionStorage.getItem(draftKey) || "";
text.addEventListener("input", written);

function written() {
  sessionStorage.setItem(draftKey, text.value);
  const over = tooMany();
  $("count").textContent = over > 0 ? `${over.toLocaleString("en")} ${over === 1 ? "character" : "characters"} too many` : "";
  $("count").hidden = over <= 0;
  text.toggleAttribute("aria-invalid", over > 0);
  if (over <= 0 && $("trouble").querySelector("[data-long]")) $("trouble").replaceChildren();
}

// The server counts code points, not halves of them.
function tooMany() {
  return text.value.length > longest ? Array.from(text.value).length - longest : 0;
}

function pending() {
  return JSON.parse(sessionStorage.getItem(pendingKey) || "null");
}

function forgetPending() {
  sessionStorage.removeItem(pendingKey);
  text.readOnly = false;
}

// A message keeps its id until the server has it, so that sending it again after a lost connection cannot double it.
composer.addEventListener("submit", (event) => {
  if (text.readOnly || !text.value.trim() || isTooLong()) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  const sent = pending();
  $("client-id").value = sent && sent.text === text.value ? sent.id : newClientId();
  sessionStorage.setItem(pendingKey, JSON.stringify({ id: $("client-id").value, text: text.value }));
  if (document.activeElement?.closest(".buttons")) rest();
  if (plain) event.stopImmediatePropagation();
}, true);

function isTooLong() {
  const over = tooMany();
  if (over <= 0) return false;
  const words = `This message is ${over.toLocaleString("en")} characters too long. All of it is still here: shorten it, or send it in parts.`;
  trouble(words);
  $("trouble").firstChild.dataset.long = "";
  text.focus();
  return true;
}

document.addEventListener("htmx:after:ws:request", (event) => {
  if (event.target === composer) text.readOnly = true;
});

document.addEventListener("htmx:ws:error", () => {
  text.readOnly = false;
  if (pending()) trouble("The connection is lost. Your message is kept here; it is sent as soon as the connection is back.");
  else trouble("The connection is lost. Try again as soon as it is back.");
});

// What was being written when a button sent words of its own comes back once those are taken.
let aside = "";
let told = "";
document.addEventListener("htmx:after:ws:message", () => {
  const sent = pending();
  if (sent && $("taken").textContent === sent.id) {
    if (text.value === sent.text) text.value = aside;
    aside = "";
    forgetPending();
    written();
    troubleIsOver();
    toNewest();
  }
  const line = $("trouble").querySelector("p:not([data-ours])");
  if (line) forgetPending();
  if (line && line.textContent !== told) announce(line.textContent);
  told = line ? line.textContent : "";
});

// Enter sends, but not while it ends a word of an input method: Safari says so by the code 229 alone.
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  composer.requestSubmit();
});

document.addEventListener("click", (event) => {
  const starter = event.target.closest("[data-starter]");
  if (!starter) return;
  event.preventDefault();
  if (text.readOnly) return;
  aside = text.value;
  text.value = starter.value;
  rest();
  composer.requestSubmit();
});

written();

// The page's parts by name, and the two ways to tell something: in sight, and to a screen reader.
"use strict";

const $ = (id) => document.getElementById(id);
const app = document.querySelector(".app");
const thread = $("thread");
const text = $("text");
const composer = $("composer");
const touch = !matchMedia("(hover: hover)").matches;
const narrow = matchMedia("(max-width: 760px)");

function busy() {
  return Boolean($("stop"));
}

// The one live region. What stands there already is said again only if it goes away in between.
function announce(words) {
  $("announce").textContent = "";
  setTimeout(() => ($("announce").textContent = words), 50);
}

// A line at the composer; it is ours until the server has one of its own.
function trouble(words) {
  const line = document.createElement("p");
  line.textContent = words;
  line.dataset.ours = "";
  $("trouble").replaceChildren(line);
  announce(words);
}

function troubleIsOver() {
  $("trouble").querySelector("[data-ours]")?.remove();
}

// Where the focus rests when it has nowhere else to be: never on the page's body. A touch screen's keyboard stays down.
function rest() {
  (touch ? thread : text).focus({ preventScroll: true });
}

// Keys, the list of conversations on a phone, and light or dark.
"use strict";

// Esc closes what is open; only where nothing is, it stops the answer.
document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  const writing = event.target.closest("input, textarea, [popover]");
  if (event.key === "Escape") onEscape(event);
  else if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    text.focus();
  } else if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (narrow.matches) rail(true);
    $("find").focus();
  }
});

function onEscape(event) {
  const open = document.querySelector(".person[open]");
  if (document.querySelector("[popover]:popover-open")) return;
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  } else if (event.target === $("find")) leaveSearch(event);
  else if (app.dataset.rail === "open") rail(false);
  else $("stop")?.click();
}

function leaveSearch(event) {
  if (event.target.value) {
    event.preventDefault();
    event.target.value = "";
    event.target.dispatchEvent(new Event("input", { bubbles: true }));
  } else if (app.dataset.rail === "open") rail(false);
  else rest();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("railOpen" in button.dataset) rail(app.dataset.rail !== "open");
  else if ("railClose" in button.dataset) rail(false);
  else if ("themeToggle" in button.dataset) theme();
});

// On a phone the list of conversations lies over the rest, which is out of reach meanwhile.
function rail(open) {
  const within = $("rail").contains(document.activeElement);
  app.dataset.rail = open ? "open" : "closed";
  const button = document.querySelector("[data-rail-open]");
  button.setAttribute("aria-expanded", String(open));
  document.querySelector(".main").inert = open && narrow.matches;
  if (open && narrow.matches) $("rail").querySelector("button").focus();
  else if (within || document.activeElement === document.body) button.checkVisibility() ? button.focus() : rest();
}
narrow.addEventListener("change", () => app.dataset.rail === "open" && rail(false));

function theme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=${root.dataset.root || "/"}; max-age=31536000; samesite=lax`;
  announce(`The page is ${root.dataset.theme} now.`);
}

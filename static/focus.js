// Where the focus goes when what had it is swapped away: to its twin, and where there is none, to the place to write.
"use strict";

const afterKey = "focus after";
const LOOKED_FOR = "a[href], button, input, textarea, summary, [tabindex]";

let held = null;

function keyOf(element) {
  return element.id || element.title || element.textContent.trim();
}

function ancestors(element) {
  const ids = [];
  for (let one = element; one && one !== app && one.id !== "turns"; one = one.parentElement) if (one.id) ids.push(one.id);
  return ids;
}

document.addEventListener("focusin", (event) => {
  held = { element: event.target, ids: ancestors(event.target), key: keyOf(event.target) };
});

document.addEventListener("focusout", () => setTimeout(() => {
  if (isAdrift() && held?.element.isConnected && held.element.checkVisibility()) held = null;
}));

function isAdrift() {
  return !document.activeElement || document.activeElement === document.body;
}

function twin() {
  for (const id of held.ids) {
    for (const one of $(id)?.querySelectorAll(LOOKED_FOR) ?? []) {
      if (keyOf(one) === held.key && one.checkVisibility() && !one.closest("[inert]")) return one;
    }
    if ($(id) && $(id).matches(LOOKED_FOR) && $(id).checkVisibility()) return $(id);
  }
  return null;
}

function keepFocus() {
  if (!isAdrift() || !held || (held.element.isConnected && held.element.checkVisibility())) return;
  const found = twin();
  if (found) found.focus({ preventScroll: true });
  else rest();
}
new MutationObserver(keepFocus).observe(app, { childList: true, subtree: true });

// After a form that loads the page anew the focus is where the reader was.
document.addEventListener("submit", (event) => {
  const after = event.target.dataset.after;
  if (after) sessionStorage.setItem(afterKey, after);
});

function firstFocus() {
  const after = $(sessionStorage.getItem(afterKey) ?? "") ?? $("undo");
  sessionStorage.removeItem(afterKey);
  if (after?.checkVisibility()) after.focus();
  else if (!touch) text.focus({ preventScroll: true });
}

// A deletion can be undone for as long as the server offers it.
const deleted = $("deleted");
if (deleted) {
  announce("The conversation was deleted. You can undo this for ten seconds.");
  setTimeout(() => {
    const within = deleted.contains(document.activeElement);
    deleted.remove();
    if (within) rest();
  }, Number(deleted.dataset.leftMs));
}
firstFocus();

// Copying an answer. Without https there is no clipboard to write to, and the old way may be forbidden too.
"use strict";

const COPIED_FOR_MS = 1_600;

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

async function copy(button) {
  const answer = $(button.dataset.copy);
  if (!(await toClipboard(answer.innerText.trim()))) {
    getSelection().selectAllChildren(answer);
    trouble("This browser does not let the page copy. The answer is selected: press Ctrl C, or ⌘ C on a Mac.");
    return;
  }
  announce("The answer was copied.");
  button.dataset.done = "";
  setTimeout(() => delete button.dataset.done, COPIED_FOR_MS);
}

async function toClipboard(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return copiedBySelection(words);
  }
}

function copiedBySelection(words) {
  const had = document.activeElement;
  const box = document.createElement("textarea");
  box.value = words;
  box.className = "sr";
  document.body.append(box);
  box.select();
  let done = false;
  try {
    done = document.execCommand("copy");
  } catch {
    done = false;
  }
  box.remove();
  had?.focus({ preventScroll: true });
  return done;
}

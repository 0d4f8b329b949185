// Keeping the reader's place, and the tab's title.
"use strict";

// The page follows the answer only while its reader is at the end; and the first page shows its beginning.
let atEnd = true;
const toEnd = document.querySelector("[data-to-end]");

function follow() {
  if (atEnd && !$("empty")) thread.scrollTop = thread.scrollHeight;
  toEnd.hidden = atEnd || Boolean($("empty"));
}

function toNewest() {
  atEnd = true;
  follow();
}

thread.addEventListener("scroll", () => {
  atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 48;
  toEnd.hidden = atEnd || Boolean($("empty"));
});
new ResizeObserver(follow).observe(thread);
new MutationObserver(follow).observe(thread, { childList: true, subtree: true, characterData: true });
toEnd.addEventListener("click", () => {
  toNewest();
  rest();
});

// The title is the conversation's; a mark before it says that an answer is being written, or came while nobody looked.
let title = document.title;
let unread = false;
let answering = busy();

function retitle() {
  const named = document.querySelector("#rail-list [aria-current]");
  if (named) title = `${named.textContent} · ${app.dataset.shop}`;
  if (answering && !busy() && document.hidden) unread = true;
  answering = busy();
  const marked = (unread ? "● " : answering ? "… " : "") + title;
  if (document.title !== marked) document.title = marked;
}

document.addEventListener("visibilitychange", () => {
  unread &&= document.hidden;
  retitle();
});
new MutationObserver(retitle).observe(app, { childList: true, subtree: true });

follow();
retitle();

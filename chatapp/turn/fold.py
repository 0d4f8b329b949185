"""Folding: after an answer, history that no longer fits goes into the conversation's running summary."""

import asyncio
import logging

from chatapp.backends.base import Request, whole_text
from chatapp.context import remember, summarize
from chatapp.errors import FirstlineError
from chatapp.store import Store
from chatapp.store.models import Purpose
from chatapp.turn.answer import ToFold
from chatapp.turn.ledger import MeteredCall
from chatapp.turn.question import Question

log = logging.getLogger(__name__)


async def fold(store: Store, question: Question, work: ToFold) -> None:
    """Take what left the history into the summary: at once by rule, and then with a gist by the model that answered.

    What the customer said is stored before the model is asked, so that not even the next message has to wait for it.
    The model's call has a ledger row of its own, under the turn of `question`; if it fails, what was stored by rule
    stands.
    """
    turn_id, conversation_id, count = question.turn_id, question.conversation_id, work.backend.count_tokens

    async def ask(request: Request) -> str:
        async with MeteredCall(
            store, work.backend, request, turn_id=turn_id, conversation_id=conversation_id, purpose=Purpose.SUMMARY
        ) as call:
            return await whole_text(call)

    try:
        by_rule = await asyncio.to_thread(remember, work.summary, work.left, count, work.budget_tokens, work.language)
        await asyncio.to_thread(store.conversations.save_summary, conversation_id, by_rule, work.left[-1].turn_id)
        made = await summarize(ask, count, work.summary, work.left, work.budget_tokens, work.language)
        await asyncio.to_thread(store.conversations.save_summary, conversation_id, made.text, made.through_turn_id)
    except FirstlineError as error:
        log.warning("conversation %s was not summarised: %s", conversation_id, error)


class Folds:
    """Runs folds in the background, at most one a conversation at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: dict[str, asyncio.Task[None]] = {}

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """Those under way."""
        return set(self._running.values())

    def begin(self, question: Question, work: ToFold) -> None:
        """Fold now, unless the conversation is being folded: then the next answer finds the same work again."""
        conversation_id = question.conversation_id
        if conversation_id in self._running:
            return
        task = asyncio.create_task(fold(self._store, question, work))
        self._running[conversation_id] = task
        task.add_done_callback(lambda _: self._running.pop(conversation_id))

    def cancel(self, conversation_id: str | None = None) -> None:
        """End the fold of one conversation, or of every one; what was stored by rule stands."""
        for key, task in self._running.items():
            if conversation_id in (None, key):
                task.cancel()

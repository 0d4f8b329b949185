"""Folding: after an answer, history that no longer fits goes into the conversation's running summary."""

import asyncio
import logging
from collections.abc import Sequence

from chatapp.backends.base import Backend, Request, whole_text
from chatapp.context import Exchange, remember, summarize
from chatapp.errors import FirstlineError
from chatapp.store import Store, Turn
from chatapp.store.models import Purpose
from chatapp.turn.ledger import MeteredCall
from language import Language

log = logging.getLogger(__name__)


async def fold(
    store: Store,
    backend: Backend,
    turn: Turn,
    summary: str,
    left: Sequence[Exchange],
    budget_tokens: int,
    language: Language | None,
) -> None:
    """Take `left` into `summary`: at once by rule, and then with a gist by the model of the route that answered.

    What the customer said is stored before the model is asked, so that not even the next message has to wait for it.
    The model's call has a ledger row of its own; if it fails, what was stored by rule stands.
    """

    async def ask(request: Request) -> str:
        async with MeteredCall(store, backend, request, turn=turn, purpose=Purpose.SUMMARY) as call:
            return await whole_text(call)

    try:
        by_rule = await asyncio.to_thread(remember, summary, left, backend.count_tokens, budget_tokens, language)
        await asyncio.to_thread(store.conversations.save_summary, turn.conversation_id, by_rule, left[-1].turn_id)
        made = await summarize(ask, backend.count_tokens, summary, left, budget_tokens, language)
        await asyncio.to_thread(store.conversations.save_summary, turn.conversation_id, made.text, made.through_turn_id)
    except FirstlineError as error:
        log.warning("conversation %s was not summarised: %s", turn.conversation_id, error)

"""Folding: after an answer, history that no longer fits goes into the conversation's running summary."""

import asyncio
import logging
from collections.abc import Sequence

from chatapp.backends.base import Backend, Request
from chatapp.context import Exchange, summarize
from chatapp.errors import FirstlineError
from chatapp.ledger import MeteredCall
from chatapp.store import Store, Turn
from chatapp.store.models import Purpose

log = logging.getLogger(__name__)


async def fold(
    store: Store, backend: Backend, turn: Turn, summary: str, left: Sequence[Exchange], budget_tokens: int
) -> None:
    """Take `left` into `summary` by the model of the route that answered, and store it.

    The call has a ledger row of its own. A failure is logged and changes nothing: the next prompt is pruned all the
    same, and the next turn folds again.
    """

    async def ask(request: Request) -> str:
        async with MeteredCall(store, backend, request, turn=turn, purpose=Purpose.SUMMARY) as call:
            return "".join([token.text async for token in call])

    try:
        made = await summarize(ask, backend.count_tokens, summary, left, budget_tokens)
        await asyncio.to_thread(store.save_summary, turn.conversation_id, made.text, made.through_turn_id)
    except FirstlineError as error:
        log.warning("conversation %s was not summarised: %s", turn.conversation_id, error)

"""What is said while a model lets people wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chatapp.backends.base import Stage
from chatapp.store.notices import NoticeCode
from chatapp.turn.draft import Draft
from chatapp.turn.ledger import MeteredCall

SLOW_S = 4.0
"""After which somebody who waits for the first word is told why."""

_LOOK_EVERY_S = 0.5
_FIRST_LOOK_S = 0.05
"""Whoever is answered at once is told of no line."""

_WORDS = {
    Stage.WAITING: "This takes longer than usual; your message is being worked on.",
    Stage.BUSY: "Many people are asking at the moment; your message will be tried again in a few seconds.",
    Stage.THINKING: "This needs some thinking; the answer will begin in a moment.",
}


@asynccontextmanager
async def told_of_place(draft: Draft, call: MeteredCall) -> AsyncIterator[None]:
    """Tells the reader how many answers the local model begins before this one, as that becomes less."""
    telling = asyncio.create_task(_count_down(draft, call))
    try:
        yield
    finally:
        telling.cancel()


async def _count_down(draft: Draft, call: MeteredCall) -> None:
    told = 0
    while True:
        await asyncio.sleep(_LOOK_EVERY_S if told else _FIRST_LOOK_S)
        ahead = call.place
        if ahead and ahead != told:
            told = ahead
            people = "1 answer is" if ahead == 1 else f"{ahead} answers are"
            draft.tell(NoticeCode.QUEUED, f"{people} ahead of yours.")


@asynccontextmanager
async def told_of_waits(draft: Draft, call: MeteredCall) -> AsyncIterator[None]:
    """Tells the reader why nothing comes, for as long as the call has no words. Nothing of it is kept."""
    telling = asyncio.create_task(_tell(draft, call))
    try:
        yield
    finally:
        telling.cancel()


async def _tell(draft: Draft, call: MeteredCall) -> None:
    told = ""
    await asyncio.sleep(SLOW_S)
    while words := _WORDS.get(call.stage):
        if words != told:
            told = words
            draft.tell(NoticeCode.SLOW, words)
        await asyncio.sleep(_LOOK_EVERY_S)

"""What is said while a model lets people wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chatapp.backends.base import Backend, Stage
from chatapp.store.notices import NoticeCode
from chatapp.turn.draft import Draft
from chatapp.turn.ledger import MeteredCall

SLOW_S = 4.0
"""After which somebody who waits for the first word is told why."""

_LOOK_EVERY_S = 0.5
_WORDS = {
    Stage.WAITING: "This takes longer than usual; your message is being worked on.",
    Stage.BUSY: "Many people are asking at the moment; your message will be tried again in a few seconds.",
    Stage.THINKING: "This needs some thinking; the answer will begin in a moment.",
}


def tell_place_in_line(draft: Draft, backend: Backend) -> None:
    """Say how many answers the backend makes before this one, if it has a line and any are in it."""
    ahead = getattr(backend, "waiting", 0)
    if ahead:
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

"""What is said while a model lets people wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from chatapp.backends.base import Stage
from chatapp.turn.ledger import MeteredCall

if TYPE_CHECKING:
    from chatapp.turn.live import LiveTurn

SLOW_S = 4.0
"""After which somebody who waits for the first word is told why."""

_LOOK_EVERY_S = 0.5
_WORDS = {
    Stage.WAITING: "This takes longer than usual; your message is being worked on.",
    Stage.BUSY: "Many people are asking at the moment; your message will be tried again in a few seconds.",
    Stage.THINKING: "This needs some thinking; the answer will begin in a moment.",
}


@asynccontextmanager
async def told_of_waits(live: "LiveTurn", call: MeteredCall) -> AsyncIterator[None]:
    """Tells the reader why nothing comes, for as long as the call has no words. Nothing of it is kept."""
    telling = asyncio.create_task(_tell(live, call))
    try:
        yield
    finally:
        telling.cancel()


async def _tell(live: "LiveTurn", call: MeteredCall) -> None:
    told = ""
    await asyncio.sleep(SLOW_S)
    while words := _WORDS.get(call.stage):
        if words != told:
            told = words
            live.notice("slow", words, keep=False)
        await asyncio.sleep(_LOOK_EVERY_S)

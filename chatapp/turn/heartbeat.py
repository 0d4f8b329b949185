"""Heartbeats, so that no other process mistakes the turns of this one for those of a dead process."""

import asyncio
from collections.abc import Callable

from chatapp.store import Store
from chatapp.store.owners import BEAT_S
from chatapp.turn.later import left_for_later


class Heartbeat:
    """Beats for as long as any turn runs or waits here; `open_turns` gives their ids."""

    def __init__(self, store: Store, open_turns: Callable[[], set[int]]) -> None:
        self._store, self._open_turns = store, open_turns
        self._beating: asyncio.Task[None] | None = None

    def keep(self) -> None:
        """Go on, or begin anew after a pause."""
        if self._beating is None or self._beating.done():
            self._beating = asyncio.create_task(self._beat(), name="heartbeat")

    def stop(self) -> None:
        """Beat no more."""
        if self._beating:
            self._beating.cancel()

    async def _beat(self) -> None:
        while self._open_turns():
            await asyncio.sleep(BEAT_S)
            with left_for_later("the sign of life of running turns could not be written"):
                if turn_ids := self._open_turns():
                    await asyncio.to_thread(self._store.owners.beat, turn_ids)

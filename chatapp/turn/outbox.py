"""Writes that must not be lost: done at once, or kept in memory and retried until the database accepts them."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from chatapp.errors import DatabaseError

log = logging.getLogger(__name__)

PAUSES_S = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between retries; the last value repeats."""

MOST_KEPT = 1000
"""At this many the next write is refused, as if there were no outbox. A process has far fewer turns at once."""

Write = Callable[[], object]


@dataclass(frozen=True, slots=True)
class _Kept:
    """`what` names the write in the log, without a word of what anybody said."""

    what: str
    write: Write
    done: asyncio.Future[None]


class Outbox:
    """Keeps writes that the database refuses for a reason that can pass: locked, full, unreachable.

    Invariants: writes of one key are done in the order in which they were given; a later one never overtakes one that
    is kept; each is done once, or given up with an error that its future holds and the log names.
    """

    def __init__(self) -> None:
        self._lines: dict[str, deque[_Kept]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._hurry: dict[str, asyncio.Event] = {}
        self._give_up_at: float | None = None

    @property
    def waiting(self) -> tuple[str, ...]:
        """What is kept, by name."""
        return tuple(kept.what for line in self._lines.values() for kept in line)

    async def write(self, key: str, what: str, write: Write) -> asyncio.Future[None] | None:
        """Do it now, in a thread, and give None; or keep it, and give the future of its end.

        Raises what `write` raises, unless that is a DatabaseError that may pass.
        """
        if key not in self._lines:
            try:
                await asyncio.to_thread(write)
                return None
            except DatabaseError as error:
                if not error.may_pass or len(self.waiting) >= MOST_KEPT or self._too_late():
                    raise
                log.warning("%s cannot be stored now, and is tried again. %s", what, error)
        return self._keep(key, _Kept(what, write, asyncio.get_running_loop().create_future()))

    def hurry(self, key: str) -> None:
        """Retry what is kept under this key now, without waiting for its pause to end."""
        if key in self._hurry:
            self._hurry[key].set()

    async def aclose(self, within_s: float) -> None:
        """Retry for so many seconds more, then log what could not be stored. Later writes are tried once."""
        self._give_up_at = time.monotonic() + within_s
        for key in list(self._hurry):
            self.hurry(key)
        while self._workers:
            await asyncio.wait(self._workers.values())

    def _keep(self, key: str, kept: _Kept) -> asyncio.Future[None]:
        kept.done.add_done_callback(lambda future: future.exception())  # who does not wait for it need not hear of it
        self._lines.setdefault(key, deque()).append(kept)
        if key not in self._workers:
            self._hurry[key] = asyncio.Event()
            self._workers[key] = asyncio.create_task(self._work(key), name=f"outbox-{key}")
        return kept.done

    async def _work(self, key: str) -> None:
        line, tries = self._lines[key], 0
        try:
            while line:
                await self._pause(key, tries)
                ended = await self._tried(line[0])
                tries = 0 if ended else tries + 1
                if ended:
                    line.popleft()
        except asyncio.CancelledError:  # the loop ends: nobody will try again, and nobody shall wait for it
            self._give_up_at = 0.0
            raise
        finally:
            for kept in line:
                _lose(kept, DatabaseError("The process ended before the database took it."))
            del self._lines[key], self._workers[key], self._hurry[key]

    async def _tried(self, kept: _Kept) -> bool:
        """Whether the write has ended: done, or given up."""
        try:
            await asyncio.to_thread(kept.write)
        except Exception as error:
            if isinstance(error, DatabaseError) and error.may_pass and not self._too_late():
                return False
            _lose(kept, error)
        else:
            log.warning("%s is stored now.", kept.what)
            kept.done.set_result(None)
        return True

    async def _pause(self, key: str, tries: int) -> None:
        pause_s = PAUSES_S[min(tries, len(PAUSES_S) - 1)]
        if self._give_up_at is not None:
            pause_s = min(PAUSES_S[0], max(0.0, self._give_up_at - time.monotonic()))
        hurry = self._hurry[key]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(hurry.wait(), pause_s)
        hurry.clear()

    def _too_late(self) -> bool:
        return self._give_up_at is not None and time.monotonic() >= self._give_up_at


def _lose(kept: _Kept, error: Exception) -> None:
    log.error("%s is lost: it could not be stored. %s", kept.what, error)
    if not kept.done.done():
        kept.done.set_exception(error)

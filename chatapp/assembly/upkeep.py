"""What a server does beside answering: it ends what dead processes left open, forgets what was deleted, and has the
local model read ahead.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from chatapp.assembly.read_ahead import keep_warm
from chatapp.backends.base import Backend
from chatapp.backends.cloud.usage import price_microusd
from chatapp.backends.local.backend import LocalBackend
from chatapp.backends.pool.pool import Pool
from chatapp.errors import DatabaseError
from chatapp.serving import Serving
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.store.forget import Forgetter
from chatapp.store.owners import BEAT_S
from chatapp.turn.ledger import close_abandoned
from chatapp.turn.runner import TurnRunner

log = logging.getLogger(__name__)


def close_left_open(store: Store, settings: Settings, *, alone: bool) -> None:
    """End the model calls whose process is dead. Where no other process shares the database (`alone`, at the start)
    that is every open call. Raises DatabaseError.
    """
    began_before = None if alone else _no_call_is_older(settings)
    close_abandoned(store, partial(price_microusd, settings), began_before)


@asynccontextmanager
async def kept_up(
    settings: Settings, store: Store, runner: TurnRunner, backends: Iterable[Backend], serving: Callable[[], Serving]
) -> AsyncIterator[None]:
    """Upkeep every few seconds, for as long as the block lasts; of `backends`, what has servers to be watched or is to
    be kept warm.
    """
    backends = list(backends)
    reading = [backend for backend in backends if isinstance(backend, LocalBackend) and settings.local_read_ahead]
    tasks = [
        asyncio.create_task(_sweep(settings, store, runner), name="sweep"),
        asyncio.create_task(Forgetter(store).run(), name="forget"),
        *(asyncio.create_task(pool.watch(), name="servers") for pool in backends if isinstance(pool, Pool)),
        *(asyncio.create_task(keep_warm(serving, backend), name="read ahead") for backend in reading),
    ]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _sweep(settings: Settings, store: Store, runner: TurnRunner) -> None:
    """Look again and again for turns and model calls whose process died, which may have been another one."""
    while True:
        try:
            await runner.sweep()
            with suppress(DatabaseError):
                await asyncio.to_thread(close_left_open, store, settings, alone=False)
        except Exception:  # without it, what waits for another process would wait for ever
            log.exception("a look for what nobody answers failed")
        await asyncio.sleep(BEAT_S)


def _no_call_is_older(settings: Settings) -> datetime:
    """A time from which no model call can be under way, in this process or in another one that shares the database."""
    longest_s = max(settings.cloud_total_timeout_s, settings.local_total_timeout_s, settings.local_timeout_s)
    return datetime.now(UTC) - timedelta(seconds=2 * longest_s)

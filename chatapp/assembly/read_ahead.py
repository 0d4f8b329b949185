"""The approved texts, read by the local model before anybody asks for them."""

import asyncio
import logging
from collections.abc import Callable

from chatapp.backends.base import Request
from chatapp.backends.local.backend import LocalBackend
from chatapp.serving import Serving
from chatapp.store.owners import BEAT_S
from chatapp.turn.prompts import local_beginnings, local_messages
from router.types import FactVoice

log = logging.getLogger(__name__)

_ANY = "?"
"""A message to be read for: only what comes before it is kept."""


async def keep_warm(serving: Callable[[], Serving], backend: LocalBackend) -> None:
    """Have the local model read the texts that it words, at once and again after every promotion and every new start
    of the engine, until cancelled.

    It does so only while nobody asks it anything.
    """
    read: tuple[str, int] | None = None
    while True:
        try:
            now = await asyncio.to_thread(serving)
            state = now.release, backend.restarts
            if state != read:
                await asyncio.to_thread(backend.read_ahead, beginnings(now))
                read = state
        except Exception:  # whoever asks is told of it; here it costs a little time
            log.exception("the approved texts could not be read ahead")
        await asyncio.sleep(BEAT_S)


def beginnings(serving: Serving) -> list[Request]:
    """A prompt for each text that the model words."""
    pack, form, adapter = serving.router.pack, serving.form, serving.adapter
    if pack.rules is None:
        return []  # every text is said word for word
    return [
        Request(
            local_messages(pack.persona, fact.text, _ANY, form),
            adapter=adapter,
            alike=local_beginnings(pack.persona, fact.text, form),
        )
        for fact in pack.facts
        if fact.voice is FactVoice.PHRASED
    ]

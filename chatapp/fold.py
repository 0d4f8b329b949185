"""Folding: after an answer, history that no longer fits goes into the conversation's running summary."""

import logging

from chatapp.backends.base import Backend
from chatapp.context import Exchange, summarize
from chatapp.errors import FirstlineError
from chatapp.settings import Settings
from chatapp.store import Store, Turn

log = logging.getLogger(__name__)


async def fold(
    settings: Settings, store: Store, backend: Backend, turn: Turn, left: tuple[Exchange, ...]
) -> None:
    """Summarise `left` into the summary of this route; on any failure the pruning alone carries on."""
    raise NotImplementedError

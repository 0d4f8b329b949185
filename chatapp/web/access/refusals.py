"""What was refused since the start because of how the product is connected: for the log, and for `firstline doctor`."""

import contextlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

log = logging.getLogger(__name__)

FILE = "refused.json"
MOST = 20
"""Refusals kept: anybody can make one, with an origin of any name."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What came, and the setting that would let it in. For the operator."""

    what: str
    hint: str


class Refusals:
    """Each kind is told once a start. The last start's are forgotten."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._known: list[Refusal] = []
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def tell(self, refusal: Refusal) -> None:
        """Log it, and keep it where `doctor` finds it."""
        if refusal in self._known or len(self._known) >= MOST:
            return
        self._known.append(refusal)
        log.warning("%s %s", refusal.what, refusal.hint)
        with contextlib.suppress(OSError):  # a full disk must not turn a refusal into a failure
            self._path.write_text(json.dumps([asdict(one) for one in self._known]), encoding="utf-8")

    def __contains__(self, refusal: Refusal) -> bool:
        return refusal in self._known


def kept_refusals(folder: Path) -> Sequence[Refusal]:
    """Those of the server that started last over this data folder."""
    try:
        return [Refusal(one["what"], one["hint"]) for one in json.loads((folder / FILE).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError, KeyError):
        return ()

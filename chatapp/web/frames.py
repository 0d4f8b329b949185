"""What comes over the chat socket: JSON objects in text frames, checked before anything is done with them.

A text may be cleaned, for what a reader sees stays the same. A key may not: two that differ must not become one.
"""

import json
import re
from typing import Any

from chatapp.characters import storable
from chatapp.errors import FrameError
from chatapp.web.access.session import LARGEST_ID

CLIENT_ID_CHARS = 64
"""Longest `client_id`, in characters."""

_NUMBER = re.compile(r"[0-9]{1,10}")
_SEND = 'Send {"text": "..."}.'


def read_frame(message: Any) -> dict[str, Any]:
    """The JSON object of a frame; htmx wraps the form's fields in `body`. Raises FrameError."""
    text = message.get("text")
    if text is None:
        raise FrameError("A frame must be text, and this one is binary.", 'Send {"text": "..."} as a text frame.')
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        raise FrameError(f"A frame must be JSON, not {text[:40]!r}.", _SEND) from None
    if not isinstance(frame, dict):
        raise FrameError(f"A frame must be a JSON object, not {text[:40]!r}.", _SEND)
    body = frame.get("body")
    return body if isinstance(body, dict) else frame


def client_id_of(frame: dict[str, Any]) -> str | None:
    """The message's key, None where it has none. Raises FrameError for one that cannot be kept whole."""
    key = frame.get("client_id")
    if key is None or key == "":
        return None
    if not isinstance(key, str):
        raise FrameError(f"A client_id must be a string, not {_short(key)}.", "Send the message with another one.")
    if len(key) > CLIENT_ID_CHARS:
        what = f"This client_id is too long: {len(key)} characters, where {CLIENT_ID_CHARS} fit."
        raise FrameError(what, "Send the message with a shorter one.")
    if storable(key) != key:
        raise FrameError(f"The client_id {_short(key)} holds what cannot be stored.", "Send plain letters and digits.")
    return key


def turn_of(frame: dict[str, Any]) -> int:
    """The number of the turn that the frame names, as a number or its digits. Raises FrameError."""
    named = frame.get("turn")
    digits = str(named) if isinstance(named, int) and not isinstance(named, bool) else named
    if isinstance(digits, str) and _NUMBER.fullmatch(digits) and 0 < int(digits) <= LARGEST_ID:
        return int(digits)
    raise FrameError(f"There is no turn {_short(named)}.", "Name a turn by its number.")


def action_of(frame: dict[str, Any]) -> str:
    """What is to be done; `send` where nothing is said. Raises FrameError for what is no action."""
    action = frame.get("action", "send")
    if action in ("send", "stop", "again", "cloud", "ping"):
        return str(action)
    raise FrameError(f"There is no action {_short(action)}.", "Send a text, or the action stop, again, cloud or ping.")


def _short(value: object) -> str:
    return repr(value)[:80]

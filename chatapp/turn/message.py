"""What a person may send: checked and cleaned once, before it is stored."""

import re
import unicodedata

from chatapp.characters import storable
from chatapp.errors import MessageError

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\u202a-\u202e\u2066-\u2069]")


def clean_message(text: object, max_chars: int) -> str:
    """The message without control and direction-override characters, trimmed, in Unicode NFC.

    Raises MessageError if it is no string, empty, or longer than `max_chars` characters.
    """
    if not isinstance(text, str):
        raise MessageError(f"A message must be text, not {type(text).__name__}.", 'Send {"text": "..."}.')
    if len(text) > max_chars:
        raise MessageError(
            f"This message is too long: {len(text):,} characters, where {max_chars:,} fit.",
            "Shorten it, or send it in parts.",
        )
    whole = storable(text.replace("\0", ""))
    cleaned = unicodedata.normalize("NFC", _CONTROL.sub("", whole.replace("\r\n", "\n"))).strip()
    if not cleaned:
        raise MessageError("The message is empty.", "Write something and send it again.")
    return cleaned

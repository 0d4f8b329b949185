"""The languages that there are rules for."""

from language.english import ENGLISH
from language.protocol import Language

_KNOWN: dict[str, Language] = {ENGLISH.code: ENGLISH}


def language_of(code: str) -> Language | None:
    """The rules for a pack's `language`, such as `en` or `en-GB`; None where there are none.

    None is not to be replaced by another language: whatever needs rules then does without, on the safe side
    (docs/languages.md).
    """
    return _KNOWN.get(code.strip().lower().replace("_", "-").partition("-")[0])

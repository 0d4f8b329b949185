"""Likely personal data in what people write: found by their form, and masked.

What has a form is found: e-mail addresses, telephone numbers, IBANs (ISO 13616, checked modulo 97), payment cards
(ISO/IEC 7812, checked by Luhn), long numbers, links that carry a password, and names that are introduced as such. A
name or an address in running text is not: whoever approves a text reads it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from finetune.names import introduced
from router.pack import Pack

_IBAN_CHARS = range(15, 35)
_CARD_DIGITS = range(13, 20)
_SAME_PHONE_DIGITS = 9  # +44 800 555 0142 and 0800 555 0142 are one


class Kind(StrEnum):
    """Kinds of personal data, by the words that they are masked with."""

    EMAIL = "e-mail"
    PHONE = "phone"
    IBAN = "iban"
    CARD = "card"
    NUMBER = "number"
    LINK = "link"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Finding:
    """Characters `start` to before `end` of a text are likely personal."""

    kind: Kind
    start: int
    end: int


def find(text: str, known: frozenset[str] = frozenset()) -> tuple[Finding, ...]:
    """What is likely personal, in order and without overlap; `known` contacts (`contacts`) are not.

    Where two overlap, the one that begins first is given, of two that begin together the longer.
    """
    found = [finding for search in _SEARCHES for finding in search(text)]
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or finding.start >= kept[-1].end:
            kept.append(finding)
    return tuple(finding for finding in kept if _canonical(text, finding) not in known)


def mask(text: str, known: frozenset[str] = frozenset()) -> str:
    """The text with each finding as its kind in brackets, such as `[phone]`.

    - Nothing is found in what is masked, so masking it again changes nothing.
    - A text without findings is unchanged.
    """
    while found := find(text, known):  # ends: each round takes away characters that stood outside of brackets
        for finding in reversed(found):
            text = f"{text[: finding.start]}[{finding.kind.value}]{text[finding.end :]}"
    return text


def contacts(texts: Iterable[str]) -> frozenset[str]:
    """Whatever would be found in the texts, for `known`: a deployment's own contact details are nobody's."""
    return frozenset(_canonical(text, finding) for text in texts for finding in find(text))


def pack_contacts(pack: Pack) -> frozenset[str]:
    """The contact details that the pack gives out, in its facts and as its contact, and the name that it answers by."""
    words = (word.casefold() for word in re.findall(r"\w+", pack.persona))
    return contacts((pack.contact, *(fact.text for fact in pack.facts))) | frozenset(words)


def _canonical(text: str, finding: Finding) -> str:
    words = text[finding.start : finding.end].casefold()
    if finding.kind is Kind.PHONE:
        return _digits(words)[-_SAME_PHONE_DIGITS:]
    return "".join(words.split())


_DAY, _MONTH, _TIME = "(?:0?[1-9]|[12]\\d|3[01])", "(?:0?[1-9]|1[0-2])", r"[0-2]?\d[.:][0-5]\d"
_CALENDAR = re.compile(
    rf"(?<![\d./-])(?:{_DAY}([./-]){_MONTH}\1(?:19|20)?\d\d|(?:19|20)\d\d([./-]){_MONTH}\2{_DAY}|"
    rf"{_TIME} ?[-–] ?{_TIME})(?![./-]?\d)"
)
_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}(?:@|\s?[(\[]at[)\]]\s?)[\w-]{1,63}(?:(?:\.|\s?[(\[]dot[)\]]\s?)[\w-]{1,63}){1,5}",
    re.IGNORECASE,
)
_LINK = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s/@:]*:[^\s/@]*@\S+", re.IGNORECASE)
_PHONE = re.compile(
    r"(?<![\w+])(?<!\d[.,:/-])(?:\+ ?\d|\(?0\d)(?:[ ./()-]{0,2}\d){6,14}(?!\w)|"
    r"(?<![\w+])(?<!\d[.,:/-])\(?\d{3}(?:\) ?|[ .-])\d{3}[ .-]\d{4}(?!\w)"
)
_IBAN = re.compile(r"(?<!\w)[a-z]{2}\d{2}(?: ?[a-z0-9]){11,40}(?!\w)", re.IGNORECASE)
_CARD = re.compile(r"(?<![\w])(?:\d[ -]?){12,18}\d(?!\w)")
_NUMBER = re.compile(r"(?<!\d)(?<!\d[.,])\d{9,}(?![.,]?\d)|(?<!\d)\d{4}(?:[ -]\d{4}){2}[ -]\d{1,7}(?!\d)")


def _plain(kind: Kind, pattern: re.Pattern[str]) -> Callable[[str], Iterator[Finding]]:
    return lambda text: (Finding(kind, *match.span()) for match in pattern.finditer(text))


def _phones(text: str) -> Iterator[Finding]:
    dates = [match.span() for match in _CALENDAR.finditer(text)]
    for match in _PHONE.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in dates):
            yield Finding(Kind.PHONE, *match.span())


def _ibans(text: str) -> Iterator[Finding]:
    """Up to the last end of a word at which the checksum holds: what follows may be read as part of it."""
    for match in _IBAN.finditer(text):
        ends = [end for end in range(match.end(), match.start(), -1) if not text[end : end + 1].isalnum()]
        for end in ends:
            if _is_iban("".join(text[match.start() : end].split())):
                yield Finding(Kind.IBAN, match.start(), end)
                break


def _cards(text: str) -> Iterator[Finding]:
    return (Finding(Kind.CARD, *m.span()) for m in _CARD.finditer(text) if _is_card(_digits(m[0])))


def _names(text: str) -> Iterator[Finding]:
    return (Finding(Kind.NAME, *span) for span in introduced(text))


_SEARCHES: tuple[Callable[[str], Iterator[Finding]], ...] = (
    _plain(Kind.LINK, _LINK),
    _plain(Kind.EMAIL, _EMAIL),
    _ibans,
    _cards,
    _phones,
    _plain(Kind.NUMBER, _NUMBER),
    _names,
)


def _is_iban(text: str) -> bool:
    """Letters count 10 to 35, the first four characters go to the end, and 97 leaves 1 (ISO 7064, MOD 97-10)."""
    if len(text) not in _IBAN_CHARS or not text.isascii():
        return False
    return int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1


def _is_card(digits: str) -> bool:
    """Every second digit from the right doubled, its digits added, and the sum a multiple of 10 (Luhn)."""
    doubled = [int(d) * (1 + n % 2) for n, d in enumerate(reversed(digits))]
    return len(digits) in _CARD_DIGITS and sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())

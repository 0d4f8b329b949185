"""Likely personal data in what people write: found by their form, and masked.

What has a form is found: e-mail addresses, telephone numbers, IBANs (ISO 13616, checked modulo 97), payment cards
(ISO/IEC 7812, checked by Luhn), long numbers and numbers as of orders, and links that carry a password. So are
names that are introduced as such, where the language has rules for that. A name or an address in running text is not:
whoever approves a text reads it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from language import Language
from router.pack.load import Pack

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


def find(
    text: str, language: Language | None, known: frozenset[str] = frozenset(), names: frozenset[str] = frozenset()
) -> tuple[Finding, ...]:
    """What is likely personal, in order and without overlap; `known` contacts (`contacts`) are not, `names` are.

    Without rules for the language no name is found, so that this can warn, and must not be taken for all there is.
    Where two overlap, the one that begins first is given, of two that begin together the longer.
    """
    text = text.translate(_ALIKE)
    found = [finding for search in _SEARCHES for finding in search(text)]
    if language:
        found += [Finding(Kind.NAME, name.start, name.end) for name in language.introduced(text)]
        found += [Finding(Kind.NAME, *span) for span in language.repeated(text, names)]
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or finding.start >= kept[-1].end:
            kept.append(finding)
    return tuple(finding for finding in kept if _canonical(text, finding) not in known)


def mask(
    text: str, language: Language, known: frozenset[str] = frozenset(), names: frozenset[str] = frozenset()
) -> str:
    """The text with each finding as its kind in brackets, such as `[phone]`.

    - It needs rules for the language: half a mask is none.
    - Nothing is found in what is masked, so masking it again changes nothing.
    - A text without findings is unchanged.
    """
    while found := find(
        text, language, known, names
    ):  # ends: each round takes away characters that stood outside of brackets
        for finding in reversed(found):
            text = f"{text[: finding.start]}[{finding.kind.value}]{text[finding.end :]}"
    return text


def names_in(texts: Iterable[str], language: Language, known: frozenset[str] = frozenset()) -> frozenset[str]:
    """The names that are introduced in the texts, for `names`: who gives one in a question is greeted by it."""
    found = ((text, finding) for text in texts for finding in find(text, language, known))
    return frozenset(
        text[finding.start : finding.end].translate(_ALIKE) for text, finding in found if finding.kind is Kind.NAME
    )


def contacts(texts: Iterable[str], language: Language | None) -> frozenset[str]:
    """Whatever would be found in the texts, for `known`: a deployment's own contact details are nobody's."""
    return frozenset(_canonical(text, finding) for text in texts for finding in find(text, language))


def pack_contacts(pack: Pack) -> frozenset[str]:
    """The contact details that the pack gives out, in its facts and as its contact, and the name that it answers by."""
    words = (word.casefold() for word in re.findall(r"\w+", pack.persona))
    return contacts((pack.contact, *(fact.text for fact in pack.facts)), pack.rules) | frozenset(words)


def _canonical(text: str, finding: Finding) -> str:
    words = text[finding.start : finding.end].casefold()
    if finding.kind is Kind.PHONE:
        return _digits(words)[-_SAME_PHONE_DIGITS:]
    return "".join(words.split())


_SPACES, _DASHES = [0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], [*range(0x2010, 0x2014), 0x2212]
_ALIKE = dict.fromkeys(_SPACES, " ") | dict.fromkeys(_DASHES, "-")  # one for one: what is found stays where it is

_DAY, _MONTH, _YEAR = "(?:0?[1-9]|[12]\\d|3[01])", "(?:0?[1-9]|1[0-2])", r"(?:19|20)\d\d"
_DATE = rf"(?:{_DAY}[./-]{_MONTH}[./-](?:{_YEAR}|\d\d)|{_YEAR}[./-]{_MONTH}[./-]{_DAY})"
_TIME, _HOUR = r"[0-2]?\d[.:][0-5]\d", r"[0-2]\d[03]0"
_CALENDAR = re.compile(
    rf"(?<![\d./-])(?:(?:(?:{_DATE}|{_DAY}(?:[./]{_MONTH})?\.?) ?- ?)?{_DATE}|"
    rf"{_DAY}[./]{_MONTH}\.? ?- ?{_DAY}[./]{_MONTH}|{_TIME} ?- ?{_TIME}|{_HOUR} ?- ?{_HOUR}(?! \d))(?![./-]?\d)"
)  # dates, and from when to when: in days or hours
_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}(?:@|\s?[(\[]at[)\]]\s?)[\w-]{1,63}(?:(?:\.|\s?[(\[]dot[)\]]\s?)[\w-]{1,63}){1,5}",
    re.IGNORECASE,
)
_LINK = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s/@:]*:[^\s/@]*@\S+", re.IGNORECASE)
_LEAD, _MORE = r"(?:\+ ?\d|\(?0\d)", r"(?:[ ./()-]{0,2}\d)"
_ROUND = r"(?:\d\d0[ .-]){2}\d\d0\b|\d{3}00[ -]\d{3}00\b"  # a list of sizes, a range of prices
_GROUPED = (
    r"(?:\(?\d{3}(?:\) ?|[ .-])\d{3}[ .-]\d{4}(?!\w)|"
    rf"(?!{_ROUND})(?:[5-9]\d\d[ .-]\d{{3}}[ .-]\d{{3}}|[6-9]\d{{4}}[ -]\d{{5}})(?!\w|[.,]\d))"
)
_PHONE = re.compile(
    rf"(?<![\w+])(?<!\d[.,:/-])(?:{_LEAD}{_MORE}{{6,14}}?(?=[ ./-]{{1,2}}(?:{_LEAD}{_MORE}{{7}}|{_GROUPED}))|"
    rf"{_LEAD}{_MORE}{{6,14}}(?!\w)|{_GROUPED})"
)  # the first form is one of two in a row
_IBAN = re.compile(r"(?<!\w)[a-z]{2}\d{2}(?:[ .-]?[a-z0-9]){11,40}(?!\w)", re.IGNORECASE)
_CARD = re.compile(r"(?<!\w)(?:\d{4}(?:[ -]?\d){9,15}|\d{4}(?:[ .-]\d{4}){3}|\d{4}\.\d{6}\.\d{5})(?!\w)")
_DIGITS = re.compile(r"(?<!\w)(?:\d[ -]?){12,18}\d(?!\w)")
_NUMBER = re.compile(r"(?<!\d)(?<!\d[.,])\d{9,}(?![.,]?\d)|(?<!\d)\d{4}(?:[ .-]\d{4}){2}[ .-]\d{1,7}(?!\d)")
_ORDER = re.compile(r"(?<!\w)(?:[A-Za-z]{1,4}-?\d{6,}|[A-Z]{1,4} \d{6,8})(?![.,]?\d)")

_Search = Callable[[str], Iterator[Finding]]


def _matches(kind: Kind, pattern: re.Pattern[str], holds: Callable[[str], bool] = bool) -> _Search:
    return lambda text: (Finding(kind, *match.span()) for match in pattern.finditer(text) if holds(match[0]))


def _checked(kind: Kind, pattern: re.Pattern[str], holds: Callable[[str], bool]) -> _Search:
    """Up to the last end of a word at which the checksum holds: what follows may be read as part of it."""

    def search(text: str) -> Iterator[Finding]:
        for match in pattern.finditer(text):
            for end in range(match.end(), match.start(), -1):
                if not text[end : end + 1].isalnum() and holds(text[match.start() : end]):
                    yield Finding(kind, match.start(), end)
                    break

    return search


def _undated(search: _Search) -> _Search:
    return lambda text: search(_CALENDAR.sub(lambda date: ";" * len(date[0]), text))


def _is_iban(text: str) -> bool:
    """Checked modulo 97, of any country: a code that no register has yet is masked too."""
    chars = re.sub(r"[ .-]", "", text)
    if len(chars) not in _IBAN_CHARS or not chars.isascii():
        return False
    return mod_97_10.is_valid(chars[4:] + chars[:4])


def _is_card(text: str) -> bool:
    digits = _digits(text)
    return len(digits) in _CARD_DIGITS and luhn.is_valid(digits)


def _digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())


_SEARCHES: tuple[_Search, ...] = (
    _matches(Kind.LINK, _LINK),
    _matches(Kind.EMAIL, _EMAIL),
    _checked(Kind.IBAN, _IBAN, _is_iban),
    _undated(_checked(Kind.CARD, _CARD, _is_card)),
    _undated(_matches(Kind.CARD, _DIGITS, _is_card)),  # in groups of any length, and as a whole: so are sizes
    _undated(_matches(Kind.PHONE, _PHONE)),
    _matches(Kind.NUMBER, _NUMBER),
    _matches(Kind.NUMBER, _ORDER),
)

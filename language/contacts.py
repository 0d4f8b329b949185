"""E-mail addresses and telephone numbers, whose form is the same in every language."""

import re
from collections.abc import Iterator

from language.protocol import ContactWords

EMAIL = r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
"""As it is written; a disguised one, "jo (at) post.example", is a matter of masking alone."""

_EMAIL = re.compile(EMAIL)
_TELEPHONE = re.compile(r"\+?\d[\d /()-]{5,}\d")
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{4} ?- ?\d{4}")
_TELEPHONE_DIGITS = range(7, 16)

_LONE = r"(?<![\w+#/@.,:-])(?<!\d[ /.-])"
_GAP = r"[ \u00a0./-]?"
_INTERNATIONAL = rf"\+\d{{1,3}}(?:{_GAP}\(\d{{1,4}}\)|{_GAP}\d{{1,12}}){{1,6}}"
_NATIONAL = r"(?:\(0\d{1,4}\)|0\d{1,4})(?:[ \u00a0/-]\d{2,8}){1,5}"
_AMERICAN = r"(?:1[ -])?(?:\(\d{3}\) ?|\d{3}-)\d{3}-\d{4}"
_NUMBER = re.compile(rf"{_LONE}(?:{_INTERNATIONAL}|{_NATIONAL}|{_AMERICAN})(?![\w/])(?![-.:,]\w)(?! \d)")
_DATE = re.compile(r"\d{1,2}[-/ ]\d{1,2}[-/ ]\d{2,4}")
_LOOK_BACK_CHARS = 40


def emails(text: str) -> list[str]:
    """Every e-mail address, in order."""
    return _EMAIL.findall(text)


def telephones(text: str) -> list[str]:
    """What is written as a telephone number is, in order: with gaps, a `+` or a 0 first. Plain digits are none."""
    return [found for found in _TELEPHONE.findall(text) if _is_telephone(found)]


def telephone_digits(text: str) -> set[str]:
    """The digits of whatever may be a telephone number, plain ones too, by which one is known however it is written."""
    return {digits_of(found) for found in _TELEPHONE.findall(text)}


def callable_numbers(text: str, words: ContactWords | None) -> Iterator[tuple[int, int, str]]:
    """Start, end and the digits to dial (with `+` where it was written) of the numbers that may be called, in order.

    Stricter than `telephones`, for a link on an order number is a nuisance. A number without a country code is believed
    only in the groups in which telephone numbers are written, and not where the `words` before it say that it is an
    order's, a parcel's or an account's; without words to go by it is not believed at all.
    """
    for match in _NUMBER.finditer(text):
        written = match.group()
        digits = _dialled(written)
        if _believed(written, digits, text[max(0, match.start() - _LOOK_BACK_CHARS) : match.start()], words):
            yield match.start(), match.end(), digits


def digits_of(text: str) -> str:
    """The digits alone."""
    return re.sub(r"\D", "", text)


def _is_telephone(written: str) -> bool:
    digits = digits_of(written)
    begins, parted = written[0] in "+0", written.lstrip("+") != digits
    return len(digits) in _TELEPHONE_DIGITS and (begins or parted) and not _ISO_DATE.fullmatch(written)


def _dialled(written: str) -> str:
    plain = written.replace("(0)", "") if written.startswith("+") else written
    return "+" * written.startswith("+") + "".join(char for char in plain if "0" <= char <= "9")


def _believed(written: str, digits: str, before: str, words: ContactWords | None) -> bool:
    if written.startswith("+"):
        return 8 <= len(digits) - 1 <= 15
    if words is None or not 7 <= len(digits) <= 13 or _DATE.fullmatch(written):
        return False
    other = words.other.search(before)
    return not other or bool(words.call.search(other.group()))

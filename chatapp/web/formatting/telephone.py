"""Telephone numbers in running text, so that they can be called at a touch; order numbers are none."""

import re
from collections.abc import Iterator

_LONE = r"(?<![\w+#/@.,:-])(?<!\d[ /.-])"
_GAP = r"[ \u00a0./-]?"
_INTERNATIONAL = rf"\+\d{{1,3}}(?:{_GAP}\(\d{{1,4}}\)|{_GAP}\d{{1,12}}){{1,6}}"
_NATIONAL = r"(?:\(0\d{1,4}\)|0\d{1,4})(?:[ \u00a0/-]\d{2,8}){1,5}"
_AMERICAN = r"(?:1[ -])?(?:\(\d{3}\) ?|\d{3}-)\d{3}-\d{4}"
_NUMBER = re.compile(rf"{_LONE}(?:{_INTERNATIONAL}|{_NATIONAL}|{_AMERICAN})(?![\w/])(?![-.:,]\w)(?! \d)")
_DATE = re.compile(r"\d{1,2}[-/ ]\d{1,2}[-/ ]\d{2,4}")
_OTHER = re.compile(
    r"\b(?:order|invoice|bill|tracking|parcel|shipment|reference|ref|article|item|serial|account|customer|member"
    r"|ticket|case|sku|isbn|ean|iban|vat|policy|contract|batch|code)\b[^.!?\n]{0,16}$",
    re.IGNORECASE,
)
_CALL = re.compile(r"\b(?:call|phone|telephone|tel|dial|ring|hotline|fax|mobile|whatsapp|sms)\b[^\n]*$", re.IGNORECASE)
_LOOK_BACK = 40


def telephone_numbers(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and the digits to dial (with `+` where it was written) of every telephone number, in order.

    A number without a country code is believed only in the groups in which telephone numbers are written, and not
    where the words before it say that it is an order's, a parcel's or an account's.
    """
    for match in _NUMBER.finditer(text):
        words = match.group()
        digits = _dialled(words)
        if _believed(words, digits, text[max(0, match.start() - _LOOK_BACK) : match.start()]):
            yield match.start(), match.end(), digits


def _dialled(words: str) -> str:
    plain = words.replace("(0)", "") if words.startswith("+") else words
    return "+" * words.startswith("+") + "".join(char for char in plain if "0" <= char <= "9")


def _believed(words: str, digits: str, before: str) -> bool:
    if words.startswith("+"):
        return 8 <= len(digits) - 1 <= 15
    if not 7 <= len(digits) <= 13 or _DATE.fullmatch(words):
        return False
    other = _OTHER.search(before)
    return not other or bool(_CALL.search(other.group()))

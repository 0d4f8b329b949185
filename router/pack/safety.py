"""What a pack says to messages of danger, `safety.toml`; and the messages from which it was learnt how they sound."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from router.errors import PackError
from router.pack.labelled import parse_object
from router.pack.source import Source
from router.pack.toml_table import Table
from router.types import SAFETY, Fact, FactVoice

SAFETY_FILE, SAFETY_FOLDER, SAFETY_MESSAGES = "safety.toml", "safety", "messages.jsonl"
MIN_MESSAGES = 20
UNSAFE = "has no safety.toml: messages of danger are answered like any other."
SAFETY_REMEDY = (
    "Copy safety.toml and the folder safety/ from the shipped pack, and put your country's contacts into it."
)
_KEYS, _KIND_KEYS = ("country", "kinds"), ("key", "text", "contacts", "person")
_NUMBER = re.compile(r"(?<![\w:.,/+-])\d[\d ]*\d(?![\w%]|[:.,/-]\d)")
_LONGEST = 4  # digits of an emergency number, as contacts are searched for them
_TELLING = 3  # digits from which on another country's is taken for one; "open 18 hours" has none


@dataclass(frozen=True, slots=True)
class SafetyKind:
    """One kind of danger: `text` is what is said, word for word, `contacts` who can help, each with the way to them.

    `person`: no matter of life and limb, but one for a person alone, such as a legal threat.
    """

    key: str
    text: str
    contacts: tuple[str, ...]
    person: bool = False

    @property
    def fact(self) -> Fact:
        """The whole answer, as the fact that it is given as."""
        said = "\n".join((self.text, "", *(f"- {contact}" for contact in self.contacts)))
        return Fact(f"{SAFETY}.{self.key}", SAFETY, said, (), FactVoice.VERBATIM)


@dataclass(frozen=True, slots=True)
class Safety:
    """`country` is the ISO 3166 code of the country whose emergency numbers the contacts are.

    `folder` has what danger is told by: `firstline safety tune` makes it, and it may be copied from pack to pack.
    """

    country: str
    kinds: tuple[SafetyKind, ...]
    folder: Path

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The answers, in the order of the kinds."""
        return tuple(kind.fact for kind in self.kinds)

    @property
    def numbers(self) -> frozenset[str]:
        """The telephone numbers among the contacts, as they are written."""
        contacts = "\n".join(contact for kind in self.kinds for contact in kind.contacts)
        return frozenset(found[0] for found in _NUMBER.finditer(contacts) if len(found[0]) >= _TELLING)


@dataclass(frozen=True, slots=True)
class SafetyMessage:
    """A message and the kind of danger that it tells of; None for one that only sounds like danger."""

    text: str
    kind: str | None


def read_safety(pack: Path) -> Safety | None:
    """The `safety.toml` of the pack in this folder; None where there is none.

    Raises PackError: `file:line: what`, and a remedy.
    """
    path = pack / SAFETY_FILE
    if not path.exists():
        return None
    source = Source.read(path, "Make it readable.")
    table = Table(source, source.toml(), _KEYS)
    country = _country(table)
    kinds = tuple(_kind(source, country, data) for data in table.tables("kinds"))
    if not kinds:
        raise source.error(1, "no kinds of danger.", "Begin each with [[kinds]], or copy the shipped pack's file.")
    keys = [kind.key for kind in kinds]
    for number, key in enumerate(keys):
        if key in keys[:number]:
            raise source.error(source.line_of(key, last=True), f"the kind {key!r} exists twice.", "Keep one of them.")
    return Safety(country, kinds, pack / SAFETY_FOLDER)


def read_safety_messages(safety: Safety) -> tuple[SafetyMessage, ...]:
    """The labelled messages in its folder, from which it is learnt how danger sounds. Raises PackError."""
    path = safety.folder / SAFETY_MESSAGES
    messages = read_messages(path, safety)
    for key in (*(kind.key for kind in safety.kinds), None):
        if sum(message.kind == key for message in messages) < MIN_MESSAGES:
            named = "harmless messages (kind null)" if key is None else f"messages of the kind {key!r}"
            hint = "Write more, or copy the shipped pack's file."
            raise PackError(f"{path}: fewer than {MIN_MESSAGES} {named}.", hint)
    return messages


def read_messages(path: Path, safety: Safety) -> tuple[SafetyMessage, ...]:
    """JSON lines `{"text", "kind"}`; blank lines are skipped. Raises PackError at the line that is malformed."""
    keys = [kind.key for kind in safety.kinds]
    source = Source.read(path, "Give a file with labelled messages, or copy the shipped pack's.")
    hint = f'Write {{"text": "…", "kind": "<kind>" or null}}; the kinds are: {", ".join(keys)}.'
    lines = enumerate(source.text.split("\n"), 1)
    return tuple(_message(source, number, line, keys, hint) for number, line in lines if line.strip())


def _country(table: Table) -> str:
    from phonenumbers.shortnumberinfo import SUPPORTED_SHORT_REGIONS

    country = table.text("country")
    if country not in SUPPORTED_SHORT_REGIONS:
        hint = 'Write the two letters of the country whose emergency numbers you give, such as "IE".'
        raise table.error("country", f"{country!r} is no country whose emergency numbers are known.", hint)
    return country


def _kind(source: Source, country: str, data: dict[str, Any]) -> SafetyKind:
    table = Table(source, data, _KIND_KEYS, str(data.get("key", "[[kinds]]")))
    kind = SafetyKind(table.text("key"), table.text("text"), table.texts("contacts"), table.flag("person"))
    here = ", ".join(_emergency_numbers(country))
    if not kind.contacts:
        hint = f'Say who can help, and how they are reached: contacts = ["Emergency services: {here}"].'
        raise table.error("contacts", f"the kind {kind.key!r} has no contact.", hint)
    numbers = [(contact, number) for contact in kind.contacts for number in _short_numbers(contact)]
    for contact, number in numbers:
        if number not in _emergency_numbers(country) and _is_one_elsewhere(number):
            what = f"{number} is an emergency number elsewhere, and not in {country}."
            raise source.error(source.line_of(contact), what, f"There it is {here}. Or change `country`.")
    if not kind.person and not any(number in _emergency_numbers(country) for _, number in numbers):
        what = f"the kind {kind.key!r} names no emergency number of {country}."
        raise table.error("contacts", what, f"Give one: {here}. Or set `person = true` where nobody is in danger.")
    return kind


def _short_numbers(contact: str) -> list[str]:
    """Numbers of so few digits that stand alone: no part of a time, a price or a share."""
    found = (number[0].replace(" ", "") for number in _NUMBER.finditer(contact))
    return [digits for digits in found if len(digits) <= _LONGEST]


@cache
def _emergency_numbers(country: str) -> tuple[str, ...]:
    from phonenumbers.shortnumberinfo import is_emergency_number

    numbers = (str(number) for number in range(10, 10**_LONGEST))
    return tuple(digits for digits in numbers if is_emergency_number(digits, country))


def _is_one_elsewhere(number: str) -> bool:
    from phonenumbers.shortnumberinfo import SUPPORTED_SHORT_REGIONS, is_emergency_number

    regions = SUPPORTED_SHORT_REGIONS if len(number) >= _TELLING else ()
    return any(is_emergency_number(number, country) for country in regions)


def _message(source: Source, number: int, line: str, keys: list[str], hint: str) -> SafetyMessage:
    data = parse_object(source, number, line)
    text, kind = data.get("text"), data.get("kind")
    if not isinstance(text, str) or not text.strip():
        raise source.error(number, f"'text' is {text!r}.", hint)
    if kind is not None and kind not in keys:
        raise source.error(number, f"unknown kind {kind!r}.", hint)
    return SafetyMessage(text, kind)

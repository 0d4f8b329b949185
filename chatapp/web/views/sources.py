"""The approved texts under an answer: what it rests on, what else to read, what may help where nobody answered.

A customer reads where they come from in words and opens them; the operator reads which facts they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from chatapp.store import Exchange
from chatapp.store.models import TurnStatus
from chatapp.turn.events import Reader
from router.pack.load import Pack
from router.types import Route


class Bearing(StrEnum):
    """What a text has to do with the answer."""

    SAID = "said"
    RESTS = "rests"
    ALSO = "also"
    OFFERED = "offered"


_FOR_CUSTOMERS = {
    Bearing.SAID: "Word for word from {}",
    Bearing.RESTS: "From {}",
    Bearing.ALSO: "See also: {}",
    Bearing.OFFERED: "Perhaps this helps: from {}",
}
_FOR_OPERATORS = {
    Bearing.SAID: "Approved text: {}",
    Bearing.RESTS: "Source: {}",
    Bearing.ALSO: "See also: {}",
    Bearing.OFFERED: "Offered, as nobody answered: {}",
}
_ANSWERED = frozenset({TurnStatus.DONE, TurnStatus.STOPPED})


@dataclass(frozen=True, slots=True)
class SourceView:
    """One line under an answer, and the approved texts that it opens; none where the answer has said them already."""

    title: str
    texts: tuple[str, ...]
    opened: bool


class Sources:
    """Names the approved texts of a pack."""

    def __init__(self, pack: Pack) -> None:
        self._titles = {category.key: category.title for category in pack.categories}
        self._words = pack.sources

    def under(self, exchange: Exchange, reader: Reader) -> tuple[SourceView, ...]:
        """The lines under an answer; none for a deleted conversation. Texts of one origin share a line."""
        lines: dict[str, SourceView] = {}
        for fact_id, text, bearing in _texts(exchange):
            line = self._line(fact_id, text, bearing, reader)
            known = lines.get(line.title)
            lines[line.title] = replace(known, texts=known.texts + line.texts) if known else line
        return tuple(lines.values())

    def _line(self, fact_id: str, text: str, bearing: Bearing, reader: Reader) -> SourceView:
        category, texts = fact_id.partition(".")[0], () if bearing is Bearing.SAID else (text,)
        if reader is Reader.OPERATOR:
            title = _FOR_OPERATORS[bearing].format(f"{self._titles.get(category, '')} ({fact_id})")
            return SourceView(title, texts, bearing is Bearing.RESTS)
        return SourceView(_FOR_CUSTOMERS[bearing].format(self._origin(category)), texts, False)

    def _origin(self, category: str) -> str:
        title = self._titles.get(category)
        return self._words.get(category) or (f"our information: {title}" if title else "our approved information")


def _texts(exchange: Exchange) -> Iterator[tuple[str, str, Bearing]]:
    """Id, text and bearing of each. The first always carries the answer: it may be one that the router had below."""
    turn = exchange.turn
    further = {fact.id for fact in turn.decision.facts[turn.decision.asked :]} if turn.decision else set()
    said = _plain(exchange.answer_text)
    for number, one in enumerate(turn.sources):
        if "text" not in one:
            continue
        if turn.route is not Route.LOCAL or turn.status not in _ANSWERED:
            bearing = Bearing.OFFERED
        elif number and one["id"] in further:
            bearing = Bearing.ALSO
        else:
            bearing = Bearing.SAID if _plain(one["text"]) in said else Bearing.RESTS
        yield one["id"], one["text"], bearing


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()

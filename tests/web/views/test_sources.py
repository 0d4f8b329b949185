"""The lines under an answer: where it comes from, in the words of its reader."""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from chatapp.store import Exchange, Turn
from chatapp.store.models import TurnStatus
from chatapp.turn.events import Reader
from chatapp.web.views.sources import Sources
from router.types import Decision, Mode, Route, ScoredFact

WINDOW = {"id": "returns.window", "text": "You have 60 days."}
LABEL = {"id": "returns.label", "text": "Print the label at home."}
COST = {"id": "shipping.cost", "text": "Delivery costs 4 EUR."}
PACK = SimpleNamespace(
    categories=[SimpleNamespace(key="returns", title="Returns"), SimpleNamespace(key="shipping", title="Shipping")],
    sources={"returns": "our returns policy"},
)


def lines(
    sources: list[dict[str, str]],
    answer: str = "Sixty days.",
    reader: Reader = Reader.CUSTOMER,
    route: Route = Route.LOCAL,
    status: TurnStatus = TurnStatus.DONE,
    facts: Sequence[dict[str, str]] = (WINDOW,),
    asked: int = 1,
) -> list[tuple[str, tuple[str, ...]]]:
    unset = dict.fromkeys(Turn.__dataclass_fields__)
    given = {"id": 1, "conversation_id": "c", "status": status, "route": route, "mode": Mode.HYBRID, "user_text": "x"}
    chosen = tuple(ScoredFact(fact["id"], fact["text"], 0.9) for fact in facts)
    decided = Decision(route, Mode.HYBRID, "returns", 0.9, 0.9, 0.5, 0.3, chosen, (), (), "p", asked=asked)
    turn = Turn(**unset | given | {"sources": sources, "decision": decided, "created_at": datetime.now(UTC)})
    under = Sources(PACK).under(Exchange(turn, answer, 0, 0), reader)  # type: ignore[arg-type]
    return [(line.title, line.texts) for line in under]


def test_a_customer_reads_the_pack_s_words_and_opens_the_text() -> None:
    assert lines([WINDOW]) == [("From our returns policy", (WINDOW["text"],))]


def test_a_category_without_words_is_named_by_its_title() -> None:
    assert lines([COST], facts=[COST]) == [("From our information: Shipping", (COST["text"],))]


@pytest.mark.parametrize("answer", ["You have 60 days.", "Hello!\n\nyou have  60 days.\n\nPrint it."])
def test_what_the_answer_says_word_for_word_is_not_shown_twice(answer: str) -> None:
    assert lines([WINDOW], answer) == [("Word for word from our returns policy", ())]


def test_texts_of_one_origin_share_a_line() -> None:
    both = (WINDOW["text"], LABEL["text"])
    assert lines([WINDOW, LABEL], facts=[WINDOW, LABEL], asked=2) == [("From our returns policy", both)]


def test_what_was_not_asked_is_further_reading() -> None:
    told = lines([WINDOW, COST], facts=[WINDOW, COST])
    assert [title for title, _ in told] == ["From our returns policy", "See also: our information: Shipping"]


def test_the_fact_that_was_tried_after_the_first_carries_the_answer() -> None:
    assert lines([LABEL], facts=[WINDOW, LABEL]) == [("From our returns policy", (LABEL["text"],))]


@pytest.mark.parametrize(("route", "status"), [(Route.ABSTAIN, TurnStatus.ABSTAINED), (Route.CLOUD, TurnStatus.FAILED)])
def test_where_nobody_answered_the_nearest_is_offered(route: Route, status: TurnStatus) -> None:
    assert lines([WINDOW], "", route=route, status=status) == [
        ("Perhaps this helps: from our returns policy", (WINDOW["text"],))
    ]


def test_the_operator_reads_which_fact_it_is() -> None:
    assert lines([WINDOW], reader=Reader.OPERATOR) == [("Source: Returns (returns.window)", (WINDOW["text"],))]


def test_of_a_deleted_conversation_nothing_is_left() -> None:
    assert lines([{"id": "returns.window"}]) == []

"""Decisions that an earlier version wrote are read by every book that reads decisions."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatapp.store import Exchange, Store
from language.english import ENGLISH
from router.outcomes.verdicts import Outcome, OutcomeSource
from router.types import OUT_OF_SCOPE_LABEL, Decision, Mode, ReasonCode, Route
from tests.store.conftest import USER

WRITTEN = Path(__file__).parent / "second_revision.sql"
NORWAY, PAYPAL = "do you ship to Norway?", "can I pay with PayPal?"
FEEDBACK, SECOND_LOOK = OutcomeSource.FEEDBACK, OutcomeSource.SECOND_LOOK


@pytest.fixture
def earlier(tmp_path: Path) -> Iterator[Store]:
    """The database that the earlier version left."""
    file = tmp_path / "earlier.db"
    other = sqlite3.connect(file)
    other.executescript(WRITTEN.read_text(encoding="utf-8"))
    other.close()
    with Store.open(f"sqlite:///{file}") as store:
        yield store


def decided(exchange: Exchange) -> Decision:
    assert exchange.turn.decision
    return exchange.turn.decision


def test_an_exchange_has_its_decision(earlier: Store) -> None:
    exchanges = earlier.exchanges.of("talk")
    assert [exchange.turn.id for exchange in exchanges] == [1, 2, 3, 4, 6]
    first, _, third, poem, _ = (decided(exchange) for exchange in exchanges)
    assert (first.route, first.mode, first.category, first.policy) == (Route.LOCAL, Mode.HYBRID, "shipping", "38d9bfb0")
    assert (first.in_scope, first.facts[0].probability, first.no_fact) == (0.992, 0.9762, 0.0205)
    assert [decided(exchange).needs_context for exchange in exchanges] == [False, True, True, False, False]
    assert (third.asked, [fact.id for fact in third.facts]) == (2, ["shipping.us_canada", "shipping.express"])
    assert {near.label for near in poem.neighbours} == {OUT_OF_SCOPE_LABEL}
    assert poem.reasons[0].code is ReasonCode.OUT_OF_SCOPE
    assert all(exchange.turn.would_change for exchange in exchanges[:4])


def test_a_turn_has_its_decision(earlier: Store) -> None:
    second_try = earlier.turns.get(USER, 6).decision
    assert second_try
    assert (second_try.route, second_try.reasons[0].code) == (Route.CLOUD, ReasonCode.FORCED)


def test_the_operators_list_has_the_decisions_also_where_the_words_were_deleted(earlier: Store) -> None:
    lines = earlier.overview.latest_turns(9)
    assert [line.turn.id for line in lines if line.turn.decision] == [7, 6, 5, 4, 3, 2, 1]
    deleted = lines[0].turn.decision
    assert deleted
    assert (deleted.category, deleted.facts[0].id, deleted.facts[0].text) == (
        "account",
        "account.forgot_password",
        "",
    )


def test_the_verdicts_are_those_of_the_version_that_wrote_it(earlier: Store) -> None:
    canada = "and to Canada?"
    both = f"{canada} how long may I keep it, and what does express shipping cost?"
    assert earlier.outcomes.all(ENGLISH) == [
        Outcome(NORWAY, "shipping", "shipping.uk_norway_switzerland", 0.992, 0.9762, 0.0205, True, FEEDBACK),
        Outcome(
            f"{NORWAY} {canada}", "shipping", "shipping.uk_norway_switzerland", 0.9769, 0.6929, 0.1962, True, FEEDBACK
        ),
        Outcome(both, "shipping", "shipping.us_canada", 0.9773, 0.9527, 0.0231, True, FEEDBACK),
        Outcome(PAYPAL, "faq", "faq.payment_methods", 0.9534, 0.9436, 0.0366, False, SECOND_LOOK),
    ]


def test_what_may_teach_is_what_the_version_that_wrote_it_found(earlier: Store) -> None:
    found = [(one.id, one.question, one.fact, one.nearest[:1]) for one in earlier.teachable.all()]
    assert found == [
        (1, NORWAY, "shipping.uk_norway_switzerland", ("shipping.uk_norway_switzerland",)),
        (2, "and to Canada?", "shipping.uk_norway_switzerland", ("shipping.uk_norway_switzerland",)),
        (4, "write me a poem about the sea", "", ("returns.warranty_claim",)),
        (6, PAYPAL, "", ("faq.payment_methods",)),
    ]

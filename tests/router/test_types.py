"""A decision as JSON: what was written, by this version or an earlier one, is read again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.types import (
    OUT_OF_SCOPE_LABEL,
    Decision,
    Mode,
    Neighbour,
    Reason,
    ReasonCode,
    Route,
    ScoredFact,
)

SHARES = st.floats(0, 1)
FACTS = st.lists(st.builds(ScoredFact, st.text(), st.text(), SHARES), max_size=3).map(tuple)
DECISIONS = st.builds(
    Decision,
    route=st.sampled_from(Route),
    mode=st.sampled_from(Mode),
    category=st.text(),
    confidence=SHARES,
    in_scope=SHARES,
    threshold=SHARES,
    fact_threshold=SHARES,
    facts=FACTS,
    neighbours=st.lists(st.builds(Neighbour, st.text(), st.just("faq"), SHARES), max_size=3).map(tuple),
    reasons=st.lists(st.builds(Reason, st.sampled_from(ReasonCode), st.text()), max_size=3).map(tuple),
    policy=st.text(),
    candidates=FACTS,
    needs_context=st.booleans(),
    no_fact=st.none() | SHARES,
    answers_well=st.none() | SHARES,
    answer_threshold=SHARES,
    asked=st.integers(1, 3),
    elapsed_ms=st.floats(0, 1000),
)
FIRST_FORM: dict[str, Any] = {
    "route": "local",
    "mode": "local-only",
    "category": "faq",
    "confidence": 0.9,
    "in_scope": 0.8,
    "threshold": 0.5,
    "fact_threshold": 0.3,
    "facts": [{"id": "faq.pay", "text": "By card.", "probability": 0.7}],
    "neighbours": [
        {"text": "how do I pay", "label": "faq", "similarity": 0.8},
        {"text": "a poem", "label": "edge", "similarity": 0.2},
    ],
    "reasons": [{"code": "in_scope", "text": "It reads like a question about paying."}],
    "policy": "p1",
    "leaned": True,
    "elapsed_ms": 1.5,
}
"""As the first release wrote a decision."""


@given(DECISIONS)
def test_a_decision_is_read_as_it_was_written(decision: Decision) -> None:
    read = Decision.from_json(decision.as_json())
    assert read.as_json() == decision.as_json()
    assert Decision.from_json(read.as_json()) == read


def test_the_form_of_the_first_release_is_read() -> None:
    decision = Decision.from_json(FIRST_FORM)
    assert (decision.route, decision.mode, decision.needs_context) == (Route.LOCAL, Mode.LOCAL_ONLY, True)
    assert decision.facts == (ScoredFact("faq.pay", "By card.", 0.7),)
    assert [near.label for near in decision.neighbours] == ["faq", OUT_OF_SCOPE_LABEL]
    assert (decision.asked, decision.candidates, decision.no_fact, decision.elapsed_ms) == (1, (), None, 1.5)


def test_what_stands_beside_a_decision_is_no_part_of_it() -> None:
    assert Decision.from_json(FIRST_FORM | {"would_change": ["Nothing."]}) == Decision.from_json(FIRST_FORM)


def test_texts_that_were_deleted_are_empty() -> None:
    lists = {name: [_wordless(item) for item in FIRST_FORM[name]] for name in ("facts", "neighbours", "reasons")}
    decision = Decision.from_json(FIRST_FORM | lists)
    said = [*decision.facts, *decision.neighbours, *decision.reasons]
    assert [each.text for each in said] == [""] * 4


@pytest.mark.parametrize(
    "changes",
    [
        {"route": "nowhere"},
        {"in_scope": "much"},
        {"facts": 3},
        {"facts": [3]},
        {"facts": None},
        {"neighbours": [{"similarity": 0.1}]},
        {"asked": None},
    ],
)
def test_what_no_version_wrote_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"decision|Decision"):
        Decision.from_json(FIRST_FORM | changes)


@pytest.mark.parametrize("missing", ["route", "category", "in_scope", "facts", "policy"])
def test_what_every_version_wrote_must_be_there(missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        Decision.from_json({name: value for name, value in FIRST_FORM.items() if name != missing})


def _wordless(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "text"}

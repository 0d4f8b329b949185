"""Labelled messages with made-up decisions on them, for tests that need many and no encoder."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from router.evaluation.costs import Prices
from router.evaluation.evaluate import CONNECTED, Evaluation, summarise
from router.evaluation.labelled_case import Case
from router.pack.labelled import Labelled
from router.pack.load import Pack, load_pack
from router.policy.policy import Policy, decide
from router.types import Neighbour, ScoredFact, Scores
from tests.router.conftest import SMALL

KEYS = ("bread", "hours")
FACTS = ("bread.baked", "bread.rye", "hours.week", "hours.sunday")
POLICY = Policy(dict.fromkeys(KEYS, 0.5), 0.3)
PRICES = Prices(0.0001, 0.001, ("One price for all.",))
shares = st.floats(0, 1)


@cache
def pack() -> Pack:
    """The small pack, with a title that HTML must escape."""
    with TemporaryDirectory() as folder:
        for name, text in SMALL.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return replace(load_pack(folder), title="Small & <simple>")


def scores(in_scope: float, *facts: tuple[str, float], category: str = "bread") -> Scores:
    """Scores with these facts, best first."""
    found = tuple(ScoredFact(name, f"The text of {name}.", value) for name, value in facts)
    return Scores(category, 0.9, in_scope, 0.1, found, (Neighbour("near", "hours", 0.5),))


def case(message: Labelled, found: Scores, policy: Policy = POLICY) -> Case:
    """The message, decided on these scores."""
    return Case(message, decide(found, policy, CONNECTED))


def evaluation(cases: Sequence[Case], policy: Policy = POLICY) -> Evaluation:
    """The figures of these cases."""
    return summarise(pack(), policy, tuple(cases), PRICES)


@st.composite
def labelled(draw: st.DrawFn) -> Labelled:
    category = draw(st.sampled_from((*KEYS, None)))
    facts = draw(st.lists(st.sampled_from(FACTS), max_size=2, unique=True)) if category else []
    return Labelled(draw(st.sampled_from(("fresh rolls?", "open late", "a poem"))), category, tuple(facts))


@st.composite
def any_scores(draw: st.DrawFn) -> Scores:
    names = draw(st.permutations(FACTS))[: draw(st.integers(0, 4))]
    values = sorted((draw(st.sampled_from((0.0, 0.25, 0.5, 1.0)) | shares) for _ in names), reverse=True)
    pairs = zip(names, values, strict=True)
    asked = draw(st.integers(1, max(1, min(3, len(names)))))
    return replace(scores(draw(shares), *pairs, category=draw(st.sampled_from(KEYS))), asked=asked)


any_cases = st.lists(st.builds(case, labelled(), any_scores()), min_size=1, max_size=30)

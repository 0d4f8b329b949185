"""Thresholds keep what they promise."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from router.pack.load import load_pack
from router.policy.thresholds import KEEP, Held, choose_thresholds, default_policy
from tests.router.conftest import SUPPORT

shares = st.floats(0, 1, width=32)
rows = st.lists(st.tuples(shares, shares, st.booleans()), min_size=1, max_size=60)


def _held(found: list[tuple[float, float, bool]]) -> Held:
    scope, fact, inside = zip(*found, strict=True)
    return Held(np.array(scope, float), np.array(fact, float), np.array(inside))


@given(rows, st.sampled_from([0.8, 0.9, KEEP, 1.0]))
def test_enough_is_kept(found: list[tuple[float, float, bool]], keep: float) -> None:
    held = _held(found)
    chosen = choose_thresholds(held, keep)
    assert 0 <= chosen.in_scope <= 1
    assert 0 <= chosen.fact <= 1
    local = (held.in_scope >= chosen.in_scope) & (held.best_fact >= chosen.fact)
    assert chosen.kept.hits == (local & held.inside).sum()
    assert chosen.escalated.hits == (~local & ~held.inside).sum()
    if held.inside.any():
        assert chosen.kept.value >= keep - 1e-9


@given(rows)
def test_keeping_less_sends_no_fewer_away(found: list[tuple[float, float, bool]]) -> None:
    held = _held(found)
    assert choose_thresholds(held, 0.8).escalated.hits >= choose_thresholds(held, 0.95).escalated.hits


def test_a_clean_separation_is_found() -> None:
    held = _held([(0.9, 0.8, True)] * 20 + [(0.95, 0.1, False), (0.2, 0.9, False)] * 10)
    chosen = choose_thresholds(held)
    assert (chosen.kept.value, chosen.escalated.value) == (1.0, 1.0)


def test_the_pack_has_the_last_word() -> None:
    from dataclasses import replace

    pack = replace(load_pack(SUPPORT), thresholds={"returns": 0.8}, fact_threshold=0.3)
    policy = default_policy(pack, choose_thresholds(_held([(0.5, 0.2, True)])))
    assert policy.threshold("returns") == 0.8
    assert policy.threshold("faq") == 0.5
    assert policy.fact_threshold == 0.3

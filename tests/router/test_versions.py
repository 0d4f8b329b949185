"""What the versions stand for: they must be raised by whoever changes the scores or the artefact."""

import copy
from typing import Any

import pytest

from router import versions
from tests.router.golden import differences, measure, read_golden

AGAIN = "then write them anew with: python -m tests.router.golden"


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return measure()


@pytest.mark.parametrize("part", ["scoring", "artefact"])
def test_what_a_version_stands_for_changes_only_with_it(found: dict[str, Any], part: str) -> None:
    golden, name = read_golden(), f"{part.upper()}_VERSION"
    changed = differences(golden[part], found[part])
    if golden[f"{part}_version"] == getattr(versions, name):
        assert not changed, f"raise {name} in router/versions.py, {AGAIN}\n" + "\n".join(changed[:20])
    else:
        pytest.fail(f"{name} was raised, {AGAIN}")


def test_small_changes_are_seen_and_noise_is_not(found: dict[str, Any]) -> None:
    scoring = copy.deepcopy(found["scoring"])
    scoring["scores"][0]["in_scope"] += 1e-4
    assert differences(found["scoring"], scoring) == []
    scoring["scores"][0]["in_scope"] += 3e-4
    scoring["scores"][1]["facts"].pop()
    assert [line.split(":")[0] for line in differences(found["scoring"], scoring)] == [
        "scores.0.in_scope",
        "scores.1.facts",
    ]

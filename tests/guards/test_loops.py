"""Only what cannot be meant ends a cloud answer."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.guards.degenerate import DegenerateGuard
from chatapp.guards.loops import LoopGuard
from chatapp.guards.verdict import Verdict

TABLE = "| Size | In stock | Price | Returns |\n|---|---|---|---|\n" + "".join(
    f"| {size} | yes | 89.00 EUR | within 60 days |\n" for size in range(1, 41)
)
EQUAL_CELLS = (
    "| Day | "
    + " | ".join(["open"] * 7)
    + " |\n"
    + "".join(f"| Week {week} | " + " | ".join(["yes"] * 7) + " |\n" for week in range(1, 41))
)
CHECKLIST = "".join(f"- [ ] Check pole {n} of the tent, and that its end is not worn.\n" for n in range(1, 31))
DUMP = json.dumps([{"id": n, "name": None, "tags": [], "active": False} for n in range(40)], indent=2)
PLACEHOLDERS = json.dumps([{"name": "", "value": None, "note": "none yet"}] * 30, indent=2)
TIMES = "\n".join(" ".join(f"{a} x {b} = {a * b}" for b in range(1, 11)) for a in range(1, 11))
ART = "\n".join(["    /\\" + " " * 40 + "/\\", *["   /  \\" + "_" * 40 + "/  \\"] * 12, "=" * 120])
CSV = "date,open,close\n" + "".join(f"2026-11-{day:02},09:00,18:00\n" for day in range(1, 31)) + ",,,\n" * 60
CODE = "```html\n<ul>\n" + "  <li>Item</li>\n" * 40 + "</ul>\n```\n" + "```python\n" + "    print(line)\n" * 30 + "```"
NUMBERS = "A googol is 1" + "0" * 100 + ", and a third is 0." + "3" * 300 + "."
ENCODED = base64.b64encode(bytes(range(256)) * 3).decode() + base64.b64encode(bytes(600)).decode()
RULERS = ("Part\n" + "-" * 200 + "\n") * 6 + "=" * 400 + "\n" + "* " * 40
PROSE = (
    "I am sorry that the parcel is late. I am sorry, too, that nobody called. No, no, no, that is not how we want it. "
    "Very, very rarely a parcel is lost. Ha ha ha ha ha! Row, row, row your boat. "
) * 3
PLAN = "".join(f"{n}. Wait for five minutes. Then press the button again.\n" for n in range(1, 21))
ANSWERS = [
    TABLE,
    EQUAL_CELLS,
    CHECKLIST,
    DUMP,
    PLACEHOLDERS,
    TIMES,
    ART,
    CSV,
    CODE,
    NUMBERS,
    ENCODED,
    RULERS,
    PROSE,
    PLAN,
]

LOOPS = [
    "I cannot help with that right now. " * 8,
    "If you need help, just let me know.\n\n" * 8,
    "- Please call us.\n- Please write to us.\n" * 8,
    "Your order 4711 is on its way to you. " * 8,
    "请稍等，我正在为您查询。" * 20,
    "the same and " * 20,
    "la " * 400,
    "a" * 3200,
    "=" * 3200,
    "0, " * 1100,
    "| yes | yes |\n" * 240,
    " " * 3200,
]


def verdict(text: str) -> Verdict:
    return LoopGuard().feed(text)


@pytest.mark.parametrize("text", ANSWERS)
def test_what_can_be_meant_passes(text: str) -> None:
    assert verdict(f"Of course.\n\n{text}\n\nIs there anything else?").ok


@pytest.mark.parametrize("text", [TABLE, EQUAL_CELLS, CHECKLIST, DUMP, CODE, NUMBERS, ENCODED, RULERS])
def test_the_strict_guard_would_have_cut_it(text: str) -> None:
    assert not DegenerateGuard().feed(text).ok


@pytest.mark.parametrize("text", LOOPS)
def test_true_loops_are_ended(text: str) -> None:
    found = verdict(f"Of course. Here it comes: {text}{text[:40]}")
    assert not found.ok
    assert "times in a row" in found.why


def test_a_loop_is_ended_soon() -> None:
    guard, said = LoopGuard(), 0
    for word in ("I cannot help with that right now. " * 40).split(" "):
        said += len(word) + 1
        if not guard.feed(f"{word} ").ok:
            break
    assert said < 360


def test_the_verdict_stays() -> None:
    guard = LoopGuard()
    first = guard.feed(LOOPS[0] * 2)
    assert not first.ok
    assert guard.feed(PROSE) == first


@given(st.sampled_from([*ANSWERS, *LOOPS]), st.integers(1, 300))
def test_the_cut_into_tokens_changes_nothing(text: str, size: int) -> None:
    guard = LoopGuard()
    for place in range(0, len(text), size):
        guard.feed(text[place : place + size])
    assert guard.verdict == verdict(text)

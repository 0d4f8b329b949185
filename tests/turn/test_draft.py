"""The answer so far is what its speaker was told to show."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.store.notices import Note, NoticeCode
from chatapp.turn.draft import Draft
from chatapp.turn.waiting import tell_place_in_line
from tests.turn.conftest import Heard


@given(st.lists(st.tuples(st.text(max_size=9), st.booleans())))
def test_the_draft_is_what_is_shown(steps: list[tuple[str, bool]]) -> None:
    heard = Heard()
    draft = Draft(heard)
    for text, replace in steps:
        draft.say(text, replace=replace)
    assert heard.text == draft.text
    assert all(text or replace for text, replace in heard.said), "nothing is told of nothing"


def test_an_answer_is_begun_anew() -> None:
    heard = Heard()
    draft = Draft(heard)
    draft.say("One ")
    draft.say("", replace=True)
    draft.say("Two")
    assert draft.text == "Two"
    assert heard.said == [("One ", False), ("", True), ("Two", False)]


def test_what_no_database_takes_is_neither_said_nor_noted() -> None:
    heard = Heard()
    draft = Draft(heard)
    draft.say("a\ud800b")
    draft.note(NoticeCode.UNSURE, "c\ud800", "d\ud800")
    for text in (draft.text, heard.text, draft.notices[0].text, draft.notices[0].detail):
        text.encode()


def test_a_note_is_told_and_kept_and_what_holds_for_now_is_only_told() -> None:
    heard = Heard()
    draft = Draft(heard)
    draft.note(NoticeCode.CLOUD_FAILED, "It failed.", "By a timeout.")
    draft.tell(NoticeCode.SLOW, "It takes long.")
    assert draft.notices == [Note(NoticeCode.CLOUD_FAILED, "It failed.", "By a timeout.")]
    assert heard.notes == [*draft.notices, Note(NoticeCode.SLOW, "It takes long.")]


def test_costs_add_up() -> None:
    draft = Draft(Heard())
    draft.spend(3)
    draft.spend(4)
    assert draft.cost_microusd == 7


@pytest.mark.parametrize(
    ("ahead", "told"),
    [(0, []), (1, ["1 answer is ahead of yours."]), (2, ["2 answers are ahead of yours."])],
)
def test_the_place_in_line_is_told_where_there_is_a_line(ahead: int, told: list[str]) -> None:
    heard, backend = Heard(), SimpleNamespace(waiting=ahead)
    unqueued: Any = SimpleNamespace()
    tell_place_in_line(Draft(heard), backend)  # type: ignore[arg-type]
    tell_place_in_line(Draft(heard), unqueued)
    assert heard.notes == [Note(NoticeCode.QUEUED, text) for text in told]

"""The answer so far is what its speaker was told to show."""

import asyncio
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.store.notices import Note, NoticeCode
from chatapp.turn import waiting
from chatapp.turn.draft import Draft
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


async def test_the_place_in_line_is_told_as_it_counts_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(waiting, "_FIRST_LOOK_S", 0.001)
    heard, places = Heard(), [3, 3, 2, 1, 1, 0]

    class Waiting:
        place = property(lambda _: places.pop(0) if places else 0)

    async with waiting.told_of_place(Draft(heard), Waiting()):  # type: ignore[arg-type]
        while places:  # noqa: ASYNC110 - a property tells nobody
            await asyncio.sleep(0.001)
    told = ["3 answers are ahead of yours.", "2 answers are ahead of yours.", "1 answer is ahead of yours."]
    assert heard.notes == [Note(NoticeCode.QUEUED, text) for text in told]


async def test_whoever_is_answered_at_once_is_told_of_no_line() -> None:
    heard, call = Heard(), SimpleNamespace(place=0)
    async with waiting.told_of_place(Draft(heard), call):  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
    assert not heard.notes


def test_an_answer_begins_with_its_lead_and_says_it_once() -> None:
    heard = Heard()
    draft = Draft(heard)
    draft.lead = "Not from here. "
    draft.say("")
    assert heard.said == [], "a lead alone is no word"
    draft.say("Two ")
    draft.say("words")
    assert draft.text == heard.text == "Not from here. Two words"
    draft.say(draft.text[:-6], replace=True)
    draft.say("One word", replace=True)
    assert draft.text == heard.text == "Not from here. One word"


def test_what_is_asked_of_the_cloud_has_no_lead() -> None:
    draft = Draft(Heard())
    draft.lead = "Not from here. "
    draft.say("Two words")
    draft.escalate("not sure")
    draft.say("A cloud")
    assert draft.text == "A cloud"

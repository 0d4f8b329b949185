"""Notices as they are stored and read again."""

from hypothesis import given
from hypothesis import strategies as st

from chatapp.store.notices import Note, NoticeCode, notes_of

NOTES = st.builds(Note, st.sampled_from([code.value for code in NoticeCode]), st.text(), st.text())


@given(st.lists(NOTES))
def test_what_is_stored_is_read_again(notes: list[Note]) -> None:
    assert notes_of([note.as_json() for note in notes]) == tuple(notes)


def test_a_notice_without_a_detail_has_no_such_field() -> None:
    stored = Note(NoticeCode.UNSURE, "Perhaps.").as_json()
    assert stored == {"code": "unsure", "text": "Perhaps."}
    assert type(stored["code"]) is str


def test_of_a_deleted_conversation_no_notice_is_left() -> None:
    assert notes_of([{"code": "cut"}]) == ()

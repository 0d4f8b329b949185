"""Texts at which an answer ends."""

from hypothesis import given
from hypothesis import strategies as st

from engine.stops import Stops

CUTS = st.lists(st.text("ab#\n", max_size=4), max_size=12)


@given(CUTS, st.lists(st.text("ab#\n", max_size=3), max_size=3))
def test_what_is_shown_is_the_answer_up_to_the_first_stop(pieces: list[str], texts: list[str]) -> None:
    stops, shown = Stops(texts), ""
    for piece in pieces:
        shown += stops.feed(piece)
        if stops.stopped:
            break
    else:
        shown += stops.finish()
    whole, real = "".join(pieces), [text for text in texts if text]
    ends = [whole.find(text) for text in real if text in whole]
    assert stops.stopped == bool(ends)
    if ends:
        assert whole.startswith(shown)
        assert not any(text in shown for text in real)
        assert len(shown) <= max(ends)
    else:
        assert shown == whole


def test_the_beginning_of_a_stop_is_held_back() -> None:
    stops = Stops(("\n\n",))
    assert [stops.feed("Yes.\n"), stops.feed("And"), stops.feed("\n"), stops.feed("\nno")] == ["Yes.", "\nAnd", "", ""]
    assert stops.stopped

"""Texts at which an answer ends."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from engine.stops import Stops

CUTS = st.lists(st.text("ab#\n", max_size=4), max_size=12)


def shown_of(pieces: Sequence[str], texts: Sequence[str]) -> tuple[str, bool]:
    stops, shown = Stops(texts), ""
    for piece in pieces:
        shown += stops.feed(piece)
        if stops.stopped:
            return shown, True
    return shown + stops.finish(), False


@given(CUTS, st.lists(st.text("ab#\n", max_size=3), max_size=3))
def test_what_is_shown_is_the_answer_up_to_the_first_stop(pieces: list[str], texts: list[str]) -> None:
    whole, real = "".join(pieces), [text for text in texts if text]
    ends = [(whole.find(text) + len(text), whole.find(text)) for text in real if text in whole]
    expected = (whole[: min(ends)[1]], True) if ends else (whole, False)
    assert shown_of(pieces, texts) == shown_of(whole, texts) == expected


def test_the_beginning_of_a_stop_is_held_back() -> None:
    stops = Stops(("\n\n",))
    assert [stops.feed("Yes.\n"), stops.feed("And"), stops.feed("\n"), stops.feed("\nno")] == ["Yes.", "\nAnd", "", ""]
    assert stops.stopped

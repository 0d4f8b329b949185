"""What the database refuses for now is kept, in order, until it is stored or given up."""

import asyncio
from collections.abc import Callable

import pytest

from chatapp.errors import DatabaseError
from chatapp.turn import outbox
from chatapp.turn.outbox import Outbox


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PAUSES_S", (0.01,))


def failing_with(*errors: Exception) -> tuple[Callable[[], None], list[int]]:
    """A write that fails so, one error after the other, and then succeeds; and the numbers of its tries."""
    left, tries = list(errors), list[int]()

    def write() -> None:
        tries.append(len(tries) + 1)
        if left:
            raise left.pop(0)

    return write, tries


async def test_what_can_never_be_stored_is_given_up_at_once(caplog: pytest.LogCaptureFixture) -> None:
    box, broken = Outbox(), ValueError("a value that no column takes")
    write, tries = failing_with(DatabaseError("Locked."), broken)
    kept = await box.write("talk", "the end of turn 1", write)
    assert kept
    with pytest.raises(ValueError, match="no column"):
        await asyncio.wait_for(kept, 5)
    assert tries == [1, 2]
    assert "the end of turn 1 is lost: it could not be stored. a value that no column takes" in caplog.messages


async def test_the_writes_of_one_key_are_done_in_their_order_and_each_once() -> None:
    box, done = Outbox(), list[str]()
    first, tries = failing_with(*[DatabaseError("Locked.")] * 3)

    def then(name: str, write: Callable[[], None] = lambda: None) -> Callable[[], None]:
        def both() -> None:
            write()
            done.append(name)

        return both

    one = await box.write("talk", "one", then("one", first))
    two = await box.write("talk", "two", then("two"))
    assert await box.write("other", "three", then("three")) is None
    assert one
    assert two
    assert box.waiting == ("one", "two")
    await asyncio.wait_for(asyncio.gather(one, two), 5)
    assert done == ["three", "one", "two"]
    assert tries == [1, 2, 3, 4]
    assert box.waiting == ()

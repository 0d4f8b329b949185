"""The turns that wait for the one before them, and which of them one turn reads next."""

from collections.abc import Collection
from itertools import takewhile

from chatapp.store import Turn
from chatapp.turn.burst import read_together
from language import Language


class Line:
    """What waits in each conversation, in the order of its messages. A conversation in which nothing waits is not held.

    `max_chars` is the longest message that may be sent, `language` the pack's. A message of danger takes all before it
    along, whatever they ask, so that it waits for none of them.
    """

    def __init__(self, max_chars: int, language: Language | None) -> None:
        self._max_chars, self._language = max_chars, language
        self._turns: dict[str, list[Turn]] = {}
        self._urgent: set[int] = set()

    def __contains__(self, conversation_id: str) -> bool:
        return conversation_id in self._turns

    @property
    def conversations(self) -> tuple[str, ...]:
        """Those in which something waits."""
        return tuple(self._turns)

    def of(self, conversation_id: str) -> tuple[Turn, ...]:
        """What waits in one conversation, first come first."""
        return tuple(self._turns.get(conversation_id, ()))

    def all(self) -> tuple[Turn, ...]:
        """What waits anywhere."""
        return tuple(turn for turns in self._turns.values() for turn in turns)

    def add(self, turn: Turn, *, urgent: bool = False) -> int:
        """Put a turn at the end of its conversation's line; gives how many wait there. `urgent`: it tells of danger."""
        waiting = self._turns.setdefault(turn.conversation_id, [])
        waiting.append(turn)
        self._urgent |= {turn.id} if urgent else set()
        return len(waiting)

    def remove(self, conversation_id: str, turns: Collection[Turn]) -> None:
        """Take these out; of a conversation of which none is left nothing is held."""
        left = [turn for turn in self._turns.pop(conversation_id, []) if turn not in turns]
        self._urgent -= {turn.id for turn in turns}
        if left:
            self._turns[conversation_id] = left

    def clear(self, conversation_id: str | None = None) -> None:
        """Take out all of one conversation, or of every one."""
        for key in (conversation_id,) if conversation_id else self.conversations:
            self._urgent -= {turn.id for turn in self._turns.pop(key, ())}

    def next(self, conversation_id: str, joining: str | None) -> list[Turn]:
        """The waiting turns that are answered next as one, with `joining`, the text of a turn that has shown no word.

        Without one that is the first at least. With one it is none, where what waits does not go with it.
        """
        waiting = self.of(conversation_id)
        last = max((number for number, turn in enumerate(waiting, 1) if turn.id in self._urgent), default=0)
        if last:
            return list(waiting[:last])
        plain = list(takewhile(lambda turn: turn.requested_route is None, waiting))
        if not plain:
            return [] if joining is not None else list(waiting[:1])
        first = [] if joining is None else [joining]
        count = read_together([*first, *(turn.user_text for turn in plain)], self._max_chars, self._language)
        return plain[: count - len(first)]

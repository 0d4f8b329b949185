"""The pack's own form: questions with the fact, or the free passage, that they are answered from."""

from dataclasses import dataclass, replace
from typing import Any

from finetune.data.conversation import Conversation, Message, Place, Role
from finetune.data.problem import Code, Problem, shown
from finetune.data.readers.base import Read, Unreadable, conversation, left_out, objects_of, text_of
from finetune.data.readers.learnable import is_learnt
from localmodel.prompt import GROUNDED, REFUSAL, local_prompt
from router.pack.load import Pack

_SHAPE = '{"turns": [{"question": "…", "fact": "<id>" or "text": "…", "answer": "…" or null}]}'


@dataclass(frozen=True, slots=True)
class GroundedReader:
    """Every turn is a conversation of its own, in the words of the served prompt: that has no history either."""

    pack: Pack | None

    @property
    def name(self) -> str:
        """What the form is called."""
        return "grounded"

    @property
    def shape(self) -> str:
        """A record in short."""
        return _SHAPE

    @property
    def keys(self) -> frozenset[str]:
        """Its one key."""
        return frozenset({"turns"})

    def recognises(self, record: dict[str, Any]) -> bool:
        """By its one key."""
        return "turns" in record

    def read(self, record: dict[str, Any], place: Place) -> Read:
        """As many conversations as turns; an answer that is null is the refusal."""
        if self.pack is None:
            raise Unreadable("grounded turns, and no pack to take persona and facts from.", "Name the pack.")
        turns = objects_of(record, "turns", _SHAPE)
        if not turns:
            return (Problem(place, Code.EMPTY, "no turns.", f"Write {_SHAPE}."),)
        return tuple(self._read(self.pack, turn, place) for turn in turns)

    def _read(self, pack: Pack, turn: dict[str, Any], place: Place) -> Conversation | Problem:
        try:
            return _conversation(pack, turn, place)
        except Unreadable as fault:
            return Problem(place, fault.code, fault.what, fault.hint)


def _conversation(pack: Pack, turn: dict[str, Any], place: Place) -> Conversation | Problem:
    if mark := is_learnt(turn):
        return left_out(place, mark)
    question, answer = text_of(turn, "question", _SHAPE), _answer(turn)
    fact, text = _grounds(pack, turn)
    plain = conversation([Message(Role.USER, question), Message(Role.ASSISTANT, answer)], place)
    if isinstance(plain, Problem):
        return plain
    prompt = [Message(Role(role), content) for role, content in local_prompt(pack.persona, text, question, GROUNDED)]
    return replace(plain, messages=(*prompt, plain.messages[-1]), fact=fact, asked=question.strip())


def _answer(turn: dict[str, Any]) -> str:
    """The answer. One that was forgotten is not one that is null: that would teach to refuse."""
    return REFUSAL if "answer" in turn and turn["answer"] is None else text_of(turn, "answer", _SHAPE)


def _grounds(pack: Pack, turn: dict[str, Any]) -> tuple[str, str]:
    """The id of the fact and its text; of a free passage "" and the passage. Raises Unreadable."""
    if ("fact" in turn) == ("text" in turn):
        both = "both 'fact' and 'text'" if "fact" in turn else "neither 'fact' nor 'text'"
        raise Unreadable(f"a turn with {both}: {shown(turn.get('question'))}.", f"Write {_SHAPE}.")
    if "text" in turn:
        passage = text_of(turn, "text", _SHAPE)
        if not passage.strip():
            raise Unreadable(f"'text' is {passage!r}.", "Write the passage that answers.", Code.EMPTY)
        return "", passage
    wanted = text_of(turn, "fact", _SHAPE)
    found = next((fact.text for fact in pack.facts if fact.id == wanted), None)
    if found is None:
        what = f"the pack {pack.name!r} has no fact {wanted!r}."
        raise Unreadable(what, "Use the id of one of its facts, or give the passage as 'text'.", Code.UNKNOWN_FACT)
    return wanted, found

"""The events of a turn. The socket, the HTTP API and the command line are renderings of them.

A turn emits one `Queued` if others are before it; then one `Started`, then `Routed` and, where it asks back, `Asked`;
then any number of `Delta`, `Escalated` and `Notice`. It ends with exactly one `Finished`, `Failed` or `Joined`, the
last two also before it has started. Each event names its turn and conversation, so that a watcher of several can tell
them apart.

An event is for two readers (docs/two-readers.md): `as_json` tells a customer what concerns them, the operator all.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar

from chatapp.errors import FirstlineError, detail_of, words_for, words_of
from chatapp.store.notices import Note, NoticeCode
from chatapp.turn.notices import FOR_CUSTOMERS, customer_notice, customer_notices
from router.types import Decision, Route


class Reader(StrEnum):
    """Who reads: a customer, or whoever runs the desk and sees how an answer was made."""

    CUSTOMER = "customer"
    OPERATOR = "operator"


ANSWERED_BY = {Route.LOCAL: "own", Route.CLOUD: "outside", Route.ABSTAIN: "person", Route.ASK: "own"}
"""Who answers, as a customer's program is told: our own assistant, an outside AI service, or a person."""


@dataclass(frozen=True, slots=True)
class Source:
    """An approved text that the answer rests on; `probability` is that of the fact answering the message."""

    id: str
    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Event:
    """Base. `type` is the event's name in the JSON protocol."""

    type: ClassVar[str] = "event"
    turn_id: int
    conversation_id: str

    def as_json(self, reader: Reader = Reader.CUSTOMER) -> dict[str, Any]:
        """JSON-ready form with a `type` field; empty where it says nothing to the reader."""
        told = self.told() if reader is Reader.CUSTOMER else self.whole()
        head = {"type": self.type, "turn_id": self.turn_id, "conversation_id": self.conversation_id}
        return {} if told is None else head | told

    def told(self) -> dict[str, Any] | None:
        """What a customer is told beside type and ids; None for nothing at all."""
        return None

    def whole(self) -> dict[str, Any]:
        """What the operator is told."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The message is stored and the turn runs. `replaces` is the turn that it would supersede."""

    type: ClassVar[str] = "started"
    text: str
    replaces: int | None = None

    def told(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Queued(Event):
    """The message is stored, and its turn begins when `ahead` others of the conversation have ended."""

    type: ClassVar[str] = "queued"
    text: str
    ahead: int

    def told(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Joined(Event):
    """The turn ends without an answer of its own: the turn `into` reads its message too, and answers both."""

    type: ClassVar[str] = "joined"
    into: int

    def told(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Routed(Event):
    """The router has decided."""

    type: ClassVar[str] = "routed"
    decision: Decision

    def told(self) -> dict[str, Any]:
        """Who will answer."""
        return {"answered_by": ANSWERED_BY[self.decision.route]}

    def whole(self) -> dict[str, Any]:
        """The decision lies flat beside the type: route, category, confidence, reasons and the rest."""
        return self.decision.as_json()


@dataclass(frozen=True, slots=True)
class Asked(Event):
    """The customer is asked which of a few answers is meant: `options` are the words of the buttons, likeliest first.

    A message with such words, in this conversation or another, is given that answer. So is one that points at an option
    ("the second"), right after the question.
    """

    type: ClassVar[str] = "asked"
    options: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        """All of it."""
        return {"options": list(self.options)}


@dataclass(frozen=True, slots=True)
class Delta(Event):
    """More of the answer. With `replace` the answer so far is withdrawn and `text` stands in its place."""

    type: ClassVar[str] = "delta"
    text: str
    replace: bool = False

    def told(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Escalated(Event):
    """The local answer was given up and the cloud model is asked; what was shown is withdrawn."""

    type: ClassVar[str] = "escalated"
    reason: str

    def told(self) -> dict[str, Any]:
        """That an outside AI service is asked."""
        return {"reason": FOR_CUSTOMERS[NoticeCode.ESCALATED], "answered_by": ANSWERED_BY[Route.CLOUD]}


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """Something that the reader should know: the place in line, or that the approved wording was used.

    `code` is a NoticeCode, `text` what is said, `detail` what the operator alone reads; see `notices.py`.
    """

    type: ClassVar[str] = "notice"
    code: str
    text: str
    detail: str = ""

    def told(self) -> dict[str, Any] | None:
        """Its code and the customer's words."""
        return customer_notice(Note(self.code, self.text))


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """The turn is over and stored. `status` is done, stopped or abstained; times are in milliseconds.

    `sources` are what the answer rests on; where it is `abstained`, what may help nevertheless. `options` are those of
    `Asked`, where it asks back.
    """

    type: ClassVar[str] = "finished"
    status: str
    route: str
    category: str
    text: str
    sources: tuple[Source, ...]
    cost_microusd: int
    ttft_ms: float | None
    total_ms: float
    notices: tuple[Note, ...] = ()
    options: tuple[str, ...] = ()

    def whole(self) -> dict[str, Any]:
        """All of it; a notice without a detail has no such field."""
        return asdict(self) | {"notices": [note.as_json() for note in self.notices]}

    def told(self) -> dict[str, Any]:
        """The answer, who gave it, and the approved texts behind it."""
        return {
            "status": self.status,
            "answered_by": ANSWERED_BY[Route(self.route)],
            "text": self.text,
            "sources": [{"text": source.text} for source in self.sources],
            "notices": customer_notices(self.notices),
            "options": list(self.options),
        }


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """The turn ended without a whole answer; `text` is what came before, kept. Or a frame could not be taken.

    `what` and `hint` are the customer's words; `code` is the error's own, and `detail` its words, for the operator, ""
    where they are the same. `sources` are approved texts that may help nevertheless. For a frame that started no turn
    `turn_id` is 0.
    """

    type: ClassVar[str] = "failed"
    code: str
    what: str
    hint: str
    text: str = ""
    detail: str = ""
    sources: tuple[Source, ...] = ()

    @classmethod
    def of(
        cls, turn_id: int, conversation_id: str, error: Exception, text: str = "", sources: tuple[Source, ...] = ()
    ) -> "Failed":
        """The event of any exception, in both voices."""
        words, detail = words_of(error), detail_of(error)
        code = error.code if isinstance(error, FirstlineError) else words.code
        detail = "" if detail == words.text else detail
        return cls(turn_id, conversation_id, code, words.what, words.hint, text, detail, sources)

    @property
    def notice(self) -> Note:
        """What is stored under the turn."""
        return Note(self.code, f"{self.what} {self.hint}".strip(), self.detail)

    def told(self) -> dict[str, Any]:
        """What happened, and what they can do."""
        words = words_for(self.code)
        sources = [{"text": source.text} for source in self.sources]
        told = {"what": self.what, "hint": self.hint, "text": self.text, "sources": sources}
        return {"code": words.code if words else self.code} | told

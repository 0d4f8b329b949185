"""What one turn tells the world. The socket, the HTTP API and the command line are renderings of these events.

A turn emits one `Started`, then `Routed`, then any number of `Delta`, `Escalated` and `Notice`, and ends with exactly
one `Finished` or `Failed`. Each names its turn and conversation, so that a watcher of several can tell them apart.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from router.types import Decision


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

    def as_json(self) -> dict[str, Any]:
        """JSON-ready form with a `type` field."""
        return {"type": self.type, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The message is stored and the turn runs. `replaces` is the turn that it would supersede."""

    type: ClassVar[str] = "started"
    text: str
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class Routed(Event):
    """The router has decided."""

    type: ClassVar[str] = "routed"
    decision: Decision

    def as_json(self) -> dict[str, Any]:
        """The decision lies flat beside the type: route, category, confidence, reasons and the rest."""
        return {
            "type": self.type,
            "turn_id": self.turn_id,
            "conversation_id": self.conversation_id,
            **self.decision.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Delta(Event):
    """More of the answer. With `replace` the answer so far is withdrawn and `text` stands in its place."""

    type: ClassVar[str] = "delta"
    text: str
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Escalated(Event):
    """The local answer was given up and the cloud model is asked; what was shown is withdrawn."""

    type: ClassVar[str] = "escalated"
    reason: str


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """Something that the reader should know: the place in line, or that the approved wording was used."""

    type: ClassVar[str] = "notice"
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """The turn is over and stored. `status` is done, stopped or abstained; times are in milliseconds."""

    type: ClassVar[str] = "finished"
    status: str
    route: str
    category: str
    text: str
    sources: tuple[Source, ...]
    cost_microusd: int
    ttft_ms: float | None
    total_ms: float
    notices: tuple[dict[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """The turn ended without a whole answer; `text` is what came before, kept. Or a frame could not be taken.

    For a frame that started no turn `turn_id` is 0.
    """

    type: ClassVar[str] = "failed"
    code: str
    what: str
    hint: str
    text: str = ""

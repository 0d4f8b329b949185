"""The tables. Their rows never leave the store: methods return the frozen values of `records.py`.

    user 1─n conversation 1─n turn 1─n call          policy
                          │        ├─n message        one row a version
                          │        └─n feedback
                          └─n message

A turn is one try at answering one message. A second try is a turn of its own that points with `again_of` at
the first, to which the user's message belongs. So nothing points in a circle, and the words (message, title,
summary) can be deleted while turn and call, which hold no words of the user, stay for the ledger.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    Index,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from router.types import Mode, Route


class TurnStatus(StrEnum):
    """Where a turn stands; all but `queued` and `running` are ends, and an `interrupted` one may still be finished.

    `queued` waits for the turn before it. `joined` is the end of a turn whose message another one reads and answers.
    """

    QUEUED = "queued"
    RUNNING = "running"
    JOINED = "joined"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    ABSTAINED = "abstained"
    INTERRUPTED = "interrupted"


class Role(StrEnum):
    """Who wrote a message."""

    USER = "user"
    ASSISTANT = "assistant"


class Purpose(StrEnum):
    """What a model was called for."""

    ANSWER = "answer"
    DRAFT = "draft"
    SUMMARY = "summary"
    JUDGE = "judge"


class Outcome(StrEnum):
    """How a call ended. `open` has not: it is under way, or its process is dead.

    `interrupted` was open when its process died; its tokens and cost are estimates.
    """

    OPEN = "open"
    INTERRUPTED = "interrupted"
    OK = "ok"
    STOPPED = "stopped"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CUT = "cut"
    UNSUPPORTED = "unsupported"
    REFUSED = "refused"
    DEGENERATE = "degenerate"


def utcnow() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in, UTC-aware out, also from SQLite, which keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return value and (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))


def _word(kind: type[StrEnum]) -> Enum:
    """A column of an enum's values as plain VARCHAR, so that a new value needs no change of type."""
    return Enum(kind, native_enum=False, length=16, values_callable=lambda words: [word.value for word in words])


class Table(SQLModel, registry=registry()):
    """Base with a registry, and so a metadata, of its own."""


class UserRow(Table, table=True):
    __tablename__ = "user"

    id: str = Field(primary_key=True)
    created_at: datetime = Field(default_factory=utcnow, sa_type=UtcDateTime)


class ConversationRow(Table, table=True):
    """`summary_through` is the id of the first try of the last message that `summary` covers; 0 is none."""

    __tablename__ = "conversation"
    __table_args__ = (Index("conversation_by_user", "user_id", "updated_at"),)

    id: str = Field(primary_key=True)
    user_id: str = Field(foreign_key="user.id")
    title: str = Field(default="", sa_type=Text)
    created_at: datetime = Field(default_factory=utcnow, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utcnow, sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    summary: str = Field(default="", sa_type=Text)
    summary_through: int = 0


OPEN = text("status IN ('queued', 'running')")
"""SQL for turns that have not ended: word for word that of the index, or SQLite would read every turn."""


class TurnRow(Table, table=True):
    """`superseded`: another try of the same message stands in its place.

    `owner` is the process that answers it and `beat_at` its last sign of life. `joined_into` is the first try of the
    turn that reads this one's message together with its own.
    """

    __tablename__ = "turn"
    __table_args__ = (
        Index("turn_by_conversation", "conversation_id", "again_of"),
        Index("turn_by_time", "created_at"),
        Index(
            "turn_one_running",
            "conversation_id",
            unique=True,
            sqlite_where=text("status = 'running'"),
            postgresql_where=text("status = 'running'"),
        ),
        Index("turn_open", "conversation_id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("turn_joined", "joined_into"),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id")
    again_of: int | None = Field(default=None, foreign_key="turn.id")
    status: TurnStatus = Field(default=TurnStatus.RUNNING, sa_type=_word(TurnStatus))
    superseded: bool = False
    requested_route: Route | None = Field(default=None, sa_type=_word(Route))
    route: Route | None = Field(default=None, sa_type=_word(Route))
    category: str | None = None
    decision: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    sources: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    policy_version: str | None = None
    mode: Mode = Field(sa_type=_word(Mode))
    notices: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    error_code: str | None = None
    created_at: datetime = Field(default_factory=utcnow, sa_type=UtcDateTime)
    routing_ms: float | None = None
    ttft_ms: float | None = None
    total_ms: float | None = None
    owner: str | None = None
    beat_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    joined_into: int | None = None


class MessageRow(Table, table=True):
    """The words. A user's message belongs to its first try, an answer to the try that gave it."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("turn_id", "role", name="message_one_a_role"),
        UniqueConstraint("conversation_id", "client_id", name="message_client_once"),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id")
    turn_id: int = Field(foreign_key="turn.id")
    role: Role = Field(sa_type=_word(Role))
    content: str = Field(sa_type=Text)
    client_id: str | None = None
    created_at: datetime = Field(default_factory=utcnow, sa_type=UtcDateTime)


class CallRow(Table, table=True):
    __tablename__ = "call"

    id: int | None = Field(default=None, primary_key=True)
    turn_id: int = Field(foreign_key="turn.id", index=True)
    conversation_id: str = Field(foreign_key="conversation.id")
    purpose: Purpose = Field(sa_type=_word(Purpose))
    route: Route = Field(sa_type=_word(Route))
    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    estimated: bool
    cost_microusd: int = Field(sa_type=BigInteger)
    ttft_ms: float | None = None
    total_ms: float
    outcome: Outcome = Field(sa_type=_word(Outcome))
    error_code: str | None = None
    created_at: datetime = Field(default_factory=utcnow, sa_type=UtcDateTime)


class FeedbackRow(Table, table=True):
    __tablename__ = "feedback"

    turn_id: int = Field(foreign_key="turn.id", primary_key=True)
    user_id: str = Field(foreign_key="user.id", primary_key=True)
    value: int
    created_at: datetime = Field(default_factory=utcnow, sa_type=UtcDateTime)


class PolicyRow(Table, table=True):
    __tablename__ = "policy"

    version: str = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(default_factory=utcnow, sa_type=UtcDateTime)
    who: str
    why: str = Field(sa_type=Text)

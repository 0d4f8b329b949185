"""SQL over turns and their calls, for the operator's figures."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    String,
    and_,
    case,
    func,
    select,
    type_coerce,
)
from sqlmodel import col

from chatapp.store.models import CallRow, Purpose, TurnRow, TurnStatus
from router.types import Route


def within(since: datetime | None, until: datetime | None) -> ColumnElement[bool]:
    """SQL for turns that began in the half-open time and have ended."""
    began = col(TurnRow.created_at)
    bounds = [began >= since] if since else []
    bounds += [began < until] if until else []
    return and_(col(TurnRow.status).not_in([TurnStatus.QUEUED, TurnStatus.RUNNING]), *bounds)


def answered_within(since: datetime | None, until: datetime | None) -> ColumnElement[bool]:
    """SQL for those of them that were to answer a message; another turn answers one that was joined."""
    return and_(within(since, until), col(TurnRow.status) != TurnStatus.JOINED)


def plain(column: Any) -> ColumnElement[str]:
    """The column's stored word, without making an enum of each of many rows."""
    return type_coerce(col(column), String).label(column.key)


def turns_within(since: datetime | None, until: datetime | None) -> Select[*tuple[Any, ...]]:
    """SQL for the turns: route, category, failed, ttft_ms, total_ms."""
    failed = col(TurnRow.status).in_([TurnStatus.FAILED, TurnStatus.INTERRUPTED]).label("failed")
    times = col(TurnRow.ttft_ms), col(TurnRow.total_ms)
    return select(plain(TurnRow.route), col(TurnRow.category), failed, *times).where(answered_within(since, until))


def sums_within(since: datetime | None, until: datetime | None) -> Select[*tuple[Any, ...]]:
    """Sums over calls by route and category: what was spent, and what a turn without the cloud spared."""
    turn = _sums_by_turn(since, until).subquery()
    spared = turn.c.cloud_output == 0
    credited = and_(spared, turn.c.status.in_([TurnStatus.DONE.value, TurnStatus.STOPPED.value]))
    return select(
        turn.c.route,
        turn.c.category,
        func.sum(turn.c.cost).label("cost"),
        func.sum(turn.c.rest).label("rest"),
        func.sum(turn.c.rest_ms).label("rest_ms"),
        func.sum(case((spared, turn.c.cost), else_=0)).label("spared_cost"),
        func.sum(case((credited, turn.c.local_input), else_=0)).label("input"),
        func.sum(case((credited, turn.c.local_output), else_=0)).label("output"),
    ).group_by(turn.c.route, turn.c.category)


def _sums_by_turn(since: datetime | None, until: datetime | None) -> Select[*tuple[Any, ...]]:
    """Sums over the calls of each turn; `rest` is the answer's tokens but the first, `rest_ms` their time."""
    answer = col(CallRow.purpose) == Purpose.ANSWER
    local = and_(answer, col(CallRow.route) == Route.LOCAL)
    cloud = col(CallRow.route) == Route.CLOUD
    timed = and_(answer, col(CallRow.route) == col(TurnRow.route), col(CallRow.output_tokens) > 1)
    rest_ms = col(CallRow.total_ms) - col(CallRow.ttft_ms)
    timed = and_(timed, rest_ms > 0)
    return (
        select(
            plain(TurnRow.route),
            col(TurnRow.category),
            plain(TurnRow.status),
            func.sum(CallRow.cost_microusd).label("cost"),
            _sum_if(cloud, col(CallRow.output_tokens), "cloud_output"),
            _sum_if(local, col(CallRow.input_tokens), "local_input"),
            _sum_if(local, col(CallRow.output_tokens), "local_output"),
            _sum_if(timed, col(CallRow.output_tokens) - 1, "rest"),
            _sum_if(timed, rest_ms, "rest_ms"),
        )
        .join_from(TurnRow, CallRow, col(CallRow.turn_id) == col(TurnRow.id))
        .where(within(since, until))
        .group_by(col(TurnRow.id))
    )


def _sum_if(condition: ColumnElement[bool], value: SQLColumnExpression[Any], name: str) -> ColumnElement[Any]:
    return func.sum(case((condition, value), else_=0)).label(name)

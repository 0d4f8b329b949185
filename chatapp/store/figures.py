"""The operator's figures: how many turns went where, how fast, at what cost, and what that saved."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Row,
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

from chatapp.store.database import Database
from chatapp.store.models import CallRow, Purpose, TurnRow, TurnStatus
from chatapp.store.records import Figure, Figures, Prices, Quantiles
from router.types import Route

UNROUTED = "unrouted"
"""The name of the group of turns that ended before they had a route, or a category."""

_Rows = Sequence[Row[Any]]


class FigureBook(Database):
    """Figures over a time."""

    def figures(self, since: datetime | None, until: datetime | None, prices: Prices) -> Figures:
        """Figures of the turns that began at `since` or later and before `until` (None: no bound) and have
        ended.

        Quantiles are exact and over all those turns, superseded and failed ones included, that have the time.
        `saved_microusd` is an estimate: over every turn that the cloud wrote nothing of, what the cloud would
        have charged for the same tokens, uncached, minus what the turn cost. The same tokens are those of the
        local calls with purpose `answer`; a turn without an answer (not done or stopped) is credited nothing.
        A cloud model counts tokens in its own way, gets a longer prompt, and writes longer answers, so its
        bill would differ.
        """
        with self.read() as session:
            connection = session.connection()
            turns = connection.execute(_turns(since, until)).all()
            sums = connection.execute(_sums(since, until)).all()
        return Figures(
            _figure("total", turns, sums, len(turns), prices),
            _groups("route", turns, sums, prices),
            _groups("category", turns, sums, prices),
        )


def within(since: datetime | None, until: datetime | None) -> ColumnElement[bool]:
    """SQL for turns that began in the half-open time and have ended."""
    began = col(TurnRow.created_at)
    bounds = [began >= since] if since else []
    bounds += [began < until] if until else []
    return and_(col(TurnRow.status) != TurnStatus.RUNNING, *bounds)


def plain(column: Any) -> ColumnElement[str]:
    """The column's stored word, without making an enum of each of many rows."""
    return type_coerce(col(column), String).label(column.key)


def _turns(since: datetime | None, until: datetime | None) -> Select[*tuple[Any, ...]]:
    failed = (col(TurnRow.status) == TurnStatus.FAILED).label("failed")
    times = col(TurnRow.ttft_ms), col(TurnRow.total_ms)
    return select(plain(TurnRow.route), col(TurnRow.category), failed, *times).where(within(since, until))


def _sums(since: datetime | None, until: datetime | None) -> Select[*tuple[Any, ...]]:
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
    """Sums over the calls of each turn; `rest` is the answer's tokens after the first, `rest_ms` their time."""
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


def _groups(by: str, turns: _Rows, sums: _Rows, prices: Prices) -> tuple[Figure, ...]:
    turns_of, sums_of = _split(by, turns), _split(by, sums)
    names = sorted(turns_of, key=lambda name: (-len(turns_of[name]), name))
    return tuple(_figure(name, turns_of[name], sums_of.get(name, []), len(turns), prices) for name in names)


def _split(by: str, rows: _Rows) -> dict[str, list[Row[Any]]]:
    groups: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, by) or UNROUTED].append(row)
    return groups


def _figure(name: str, turns: _Rows, sums: _Rows, of: int, prices: Prices) -> Figure:
    rest_ms = float(sum(row.rest_ms for row in sums))
    cloud_price = sum(
        float(row.input) * prices.input_usd + float(row.output) * prices.output_usd for row in sums
    )
    return Figure(
        name=name,
        turns=len(turns),
        share=len(turns) / of if of else 0.0,
        error_rate=sum(row.failed for row in turns) / len(turns) if turns else 0.0,
        ttft=_quantiles(turns, "ttft_ms"),
        total=_quantiles(turns, "total_ms"),
        tokens_per_s=float(sum(row.rest for row in sums)) / rest_ms * 1000 if rest_ms else None,
        cost_microusd=int(sum(row.cost for row in sums)),
        saved_microusd=round(cloud_price) - int(sum(row.spared_cost for row in sums)),
    )


def _quantiles(turns: _Rows, name: str) -> Quantiles | None:
    values = [value for row in turns if (value := getattr(row, name)) is not None]
    return Quantiles(*np.quantile(values, (0.5, 0.95, 0.99)).tolist()) if values else None

"""What the operator's page lists and draws: the latest turns, and how traffic went over time."""

from collections import Counter
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, select
from sqlmodel import col

from chatapp.store.database import Book
from chatapp.store.figures import UNROUTED
from chatapp.store.models import CallRow, ConversationRow, MessageRow, Role, TurnRow
from chatapp.store.records import Bucket, TurnLine
from chatapp.store.traffic import answered_within, plain, within
from chatapp.store.tries import origin, with_text


class Overview(Book):
    """Turns of every user, for the operator."""

    def latest_turns(
        self,
        limit: int,
        since: datetime | None = None,
        until: datetime | None = None,
        route: str | None = None,
        category: str | None = None,
        before_id: int | None = None,
    ) -> list[TurnLine]:
        """The newest turns that have ended, newest first, with their decisions, costs and questions.

        `since` is included, `until` is not. The next page begins `before_id`, the last id of this one.
        """
        wanted = [within(since, until)]
        wanted += [_named(col(TurnRow.route), route)] if route else []
        wanted += [_named(col(TurnRow.category), category)] if category else []
        wanted += [col(TurnRow.id) < before_id] if before_id else []
        cost = select(func.coalesce(func.sum(CallRow.cost_microusd), 0)).where(col(CallRow.turn_id) == TurnRow.id)
        there = select(col(ConversationRow.id)).where(col(ConversationRow.deleted_at).is_(None))
        asked = and_(
            col(MessageRow.turn_id) == origin,
            col(MessageRow.role) == Role.USER,
            col(MessageRow.conversation_id).in_(there),
        )
        statement = (
            select(TurnRow, func.coalesce(MessageRow.content, ""), cost.scalar_subquery())
            .join(MessageRow, asked, isouter=True)
            .where(*wanted)
            .order_by(col(TurnRow.id).desc())
            .limit(limit)
        )
        with self._database.read() as session:
            return [TurnLine(with_text(row, text), int(cost)) for row, text, cost in session.execute(statement)]

    def timeline(self, since: datetime, until: datetime, buckets: int) -> list[Bucket]:
        """The time cut into equal buckets, each with its turns by route and the 95th percentile of their
        total time.

        Counts the turns that `figures` counts.
        """
        statement = select(col(TurnRow.created_at), plain(TurnRow.route), col(TurnRow.total_ms))
        with self._database.read() as session:
            rows = session.connection().execute(statement.where(answered_within(since, until))).all()
        step = (until - since) / buckets
        members: list[list[tuple[str | None, float | None]]] = [[] for _ in range(buckets)]
        for began, route, total_ms in rows:
            members[min((began - since) // step, buckets - 1)].append((route, total_ms))
        return [_bucket(since + index * step, turns) for index, turns in enumerate(members)]


def _bucket(start: datetime, turns: list[tuple[str | None, float | None]]) -> Bucket:
    times = [total_ms for _, total_ms in turns if total_ms is not None]
    p95 = float(np.quantile(times, 0.95)) if times else None
    return Bucket(start, dict(Counter(route or UNROUTED for route, _ in turns)), p95)


def _named(column: SQLColumnExpression[Any], name: str) -> ColumnElement[bool]:
    """SQL for rows of the group that `figures` gives this name."""
    return column.is_(None) if name == UNROUTED else column == name

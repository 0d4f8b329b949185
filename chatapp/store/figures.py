"""The operator's figures: how many turns went where, how fast, at what cost, and what that saved."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row

from chatapp.store.database import Book
from chatapp.store.records import Figure, Figures, Prices, Quantiles
from chatapp.store.traffic import sums_within, turns_within

UNROUTED = "unrouted"
"""The name of the group of turns that ended before they had a route, or a category."""


class _Columns(NamedTuple):
    """Turns by column; a time that was not measured is NaN."""

    route: NDArray[np.str_]
    category: NDArray[np.str_]
    failed: NDArray[np.bool_]
    ttft_ms: NDArray[np.float64]
    total_ms: NDArray[np.float64]


class FigureBook(Book):
    """Figures over a time."""

    def between(self, since: datetime | None, until: datetime | None, prices: Prices) -> Figures:
        """Figures of the turns that began at `since` or later and before `until` (None: no bound) and have
        ended.

        Quantiles are exact and over all those turns, superseded and failed ones included, that have the time. A turn
        whose message another one read is none of them, but what was spent on it is in the costs.
        `saved_microusd` is an estimate: over every turn that the cloud wrote nothing of, what the cloud would
        have charged for the same tokens, uncached, minus what the turn cost. The same tokens are those of the
        local calls with purpose `answer`; a turn without an answer (not done or stopped) is credited nothing.
        A cloud model counts tokens in its own way, gets a longer prompt, and writes longer answers, so its
        bill would differ.
        """
        with self._database.read() as session:
            connection = session.connection()
            turns = _columns(connection.execute(turns_within(since, until)).all())
            sums = connection.execute(sums_within(since, until)).all()
        everything = np.ones(turns.failed.size, dtype=bool)
        return Figures(
            _figure("total", turns, everything, sums, prices),
            _groups("route", turns, sums, prices),
            _groups("category", turns, sums, prices),
        )


def _columns(rows: Sequence[Any]) -> _Columns:
    return _Columns(
        np.array([row[0] or UNROUTED for row in rows], dtype=np.str_),
        np.array([row[1] or UNROUTED for row in rows], dtype=np.str_),
        np.array([row[2] for row in rows], dtype=np.bool_),
        np.array([row[3] for row in rows], dtype=np.float64),
        np.array([row[4] for row in rows], dtype=np.float64),
    )


def _groups(by: str, turns: _Columns, sums: Sequence[Row[Any]], prices: Prices) -> tuple[Figure, ...]:
    column = getattr(turns, by)
    groups = [
        _figure(
            name,
            turns,
            column == name,
            [row for row in sums if (getattr(row, by) or UNROUTED) == name],
            prices,
        )
        for name in sorted({*column.tolist(), *(getattr(row, by) or UNROUTED for row in sums)})
    ]
    return tuple(sorted(groups, key=lambda group: -group.turns))


def _figure(name: str, turns: _Columns, members: NDArray[np.bool_], sums: Sequence[Row[Any]], prices: Prices) -> Figure:
    count = int(members.sum())
    rest_ms = float(sum(row.rest_ms for row in sums))
    cloud_microusd = sum(float(row.input) * prices.input_usd + float(row.output) * prices.output_usd for row in sums)
    return Figure(
        name=name,
        turns=count,
        share=count / max(members.size, 1),
        error_rate=int(turns.failed[members].sum()) / max(count, 1),
        ttft=_quantiles(turns.ttft_ms[members]),
        total=_quantiles(turns.total_ms[members]),
        tokens_per_s=float(sum(row.rest for row in sums)) / rest_ms * 1000 if rest_ms else None,
        cost_microusd=int(sum(row.cost for row in sums)),
        saved_microusd=round(cloud_microusd) - int(sum(row.spared_cost for row in sums)),
    )


def _quantiles(times: NDArray[np.float64]) -> Quantiles | None:
    measured = times[~np.isnan(times)]
    return Quantiles(*np.quantile(measured, (0.5, 0.95, 0.99)).tolist()) if measured.size else None

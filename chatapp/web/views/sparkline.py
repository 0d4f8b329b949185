"""The small curves of the operator's page: how a period went."""

from collections.abc import Sequence
from dataclasses import dataclass

from chatapp.store import Bucket


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A small curve: `points` for an SVG polyline on 100 × 24, `words` say the same to a screen reader."""

    name: str
    points: str
    words: str


def sparklines(timeline: Sequence[Bucket]) -> tuple[Sparkline, ...]:
    """Turns, those answered here and their time, bucket by bucket; none of a timeline without buckets."""
    if not timeline:
        return ()
    turns = [float(sum(bucket.turns.values())) for bucket in timeline]
    local = [float(bucket.turns.get("local", 0)) for bucket in timeline]
    p95 = [bucket.p95_total_ms or 0.0 for bucket in timeline]
    return (
        _sparkline("Turns", turns, f"at most {max(turns):.0f} at a time"),
        _sparkline("Answered here", local, f"at most {max(local):.0f} at a time"),
        _sparkline("p95 of the total time", p95, f"at most {max(p95) / 1000:.1f} s"),
    )


def _sparkline(name: str, values: list[float], words: str) -> Sparkline:
    top = max(values) or 1.0
    step = 100 / max(1, len(values) - 1)
    points = " ".join(f"{i * step:.1f},{23 - 22 * value / top:.1f}" for i, value in enumerate(values))
    return Sparkline(name, points, words)

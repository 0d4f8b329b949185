"""What a run's loss tells: whether the model learns, learns by heart, or falls apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

FALLEN = 0.9
"""Of its start: a loss above it has not fallen appreciably."""
RISEN = 1.05
"""Of its lowest or its start: a held-out loss above it has risen. It is taken on the same examples each time."""
BLOWN = 1.2
"""Of its start: a training loss above it is no noise of the batches."""
BY_HEART = 0.3
"""Nats a token: a training loss below it is that of answers known by heart."""
HIGHEST_RATE = 2e-3
"""Above it LoRA by AdamW was seen to blow up more often than to learn."""


class Verdict(StrEnum):
    """What a curve shows. It is too early to tell until some loss has been measured twice."""

    NOT_LEARNING = "not learning"
    HEALTHY = "healthy"
    OVER_FITTING = "over-fitting"
    EXPLODING = "exploding"
    TOO_EARLY = "too early to tell"


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement after `step` of `steps` optimiser steps. Losses are nats a token that carries loss, NaN where it
    was no finite number; None is not measured. `loss` is of training, a mean since the one before; `seconds` since the
    start of the run.
    """

    step: int
    steps: int
    epoch: float
    loss: float | None = None
    held_out_loss: float | None = None
    learning_rate: float | None = None
    grad_norm: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """`text` is two sentences with the figures; `setting` what to change, name first, "" where nothing is."""

    verdict: Verdict
    text: str
    setting: str = ""


@dataclass(frozen=True, slots=True)
class _Series:
    """Losses of one kind, in the order measured, all finite."""

    name: str
    points: tuple[Point, ...]
    values: tuple[float, ...]

    @property
    def start(self) -> float:
        return self.values[0]

    @property
    def end(self) -> float:
        """The last value; of the training loss the median of the last few, because one batch is no trend."""
        return median(self.values[-min(5, 1 + len(self.values) // 4) :]) if self.name == "training" else self.values[-1]

    @property
    def lowest(self) -> int:
        return self.values.index(min(self.values))

    @property
    def fallen(self) -> bool:
        return bool(self.values) and self.end < FALLEN * self.start

    @property
    def smooth(self) -> list[float]:
        """The training loss in medians of three, which hides a single spike; the held-out loss unchanged."""
        if self.name != "training":
            return list(self.values)
        return [median(self.values[max(0, i - 1) : i + 2]) for i in range(len(self.values))]

    def around(self, step: int) -> float:
        """The smoothed loss at `step`, or the first one after it."""
        before = [value for point, value in zip(self.points, self.smooth, strict=True) if point.step <= step]
        return before[-1] if before else self.smooth[0]

    def __str__(self) -> str:
        extremes = []
        if min(self.smooth) < self.end / RISEN:
            extremes.append(f"lowest {min(self.smooth):.3g}")
        if max(self.smooth) > BLOWN * max(self.start, self.end):
            extremes.append(f"highest {max(self.smooth):.3g}")
        between = f" ({', '.join(extremes)})" if extremes else ""
        return f"the {self.name} loss went from {self.start:.3g} to {self.end:.3g}{between}"


def read_loss(curve: Sequence[Point]) -> Reading:
    """The verdict on a curve, however short, of a run that goes on or has ended.

    A published rule of thumb (start near 2.3, end between 0.8 and 1.2 healthy, below 0.3 over-fitted) holds for the
    data it was made on: short answers copied from a fact start and end far lower than free prose. So the relation of
    the two losses to their own starts and to each other decides, in this order:

    - exploding: a loss is no number; the training loss rises a fifth above its start, or falls and comes back up; or
      the held-out loss ends above that of the untouched model, and the training loss has not fallen either;
    - over-fitting: the held-out loss ends a twentieth above its lowest while the training loss went on falling; or it
      rises, and is twice a training loss below 0.3;
    - not learning: neither loss has fallen by a tenth;
    - healthy: everything else.

    Invariants: any loss that is no finite number is exploding; a flat curve is not learning; neither the scale of the
    steps nor, but for the 0.3, that of the losses matters.
    """
    broken = next((point for point in curve if not _finite(point)), None)
    if broken:
        return _not_a_number(broken, curve)
    training, held_out = _series(curve, "training"), _series(curve, "held-out")
    if _exploding(training, held_out):
        return _reading(Verdict.EXPLODING, training, held_out, _lower(curve, 10))
    if _over_fitting(training, held_out):
        return _reading(Verdict.OVER_FITTING, training, held_out, _shorter(curve, held_out))
    if max(len(training.values), len(held_out.values)) < 2:
        return Reading(Verdict.TOO_EARLY, "The loss has not been measured twice yet. The next measurement tells more.")
    if not (training.fallen or held_out.fallen):
        return _reading(Verdict.NOT_LEARNING, training, held_out, _higher(curve))
    return _reading(Verdict.HEALTHY, training, held_out, "")


def _series(curve: Sequence[Point], name: str) -> _Series:
    pairs = [(point, point.loss if name == "training" else point.held_out_loss) for point in curve]
    measured = [(point, loss) for point, loss in pairs if loss is not None]
    return _Series(name, tuple(point for point, _ in measured), tuple(loss for _, loss in measured))


def _finite(point: Point) -> bool:
    return all(loss is None or math.isfinite(loss) for loss in (point.loss, point.held_out_loss))


def _exploding(training: _Series, held_out: _Series) -> bool:
    above = bool(held_out.values) and held_out.end > RISEN * held_out.start and not training.fallen
    start = _untouched(training, held_out)
    return above or _blown(training, start) or _never_began(training, held_out) or _both_rise(training, held_out, start)


def _untouched(training: _Series, held_out: _Series) -> float:
    """The loss before training. The first training loss logged may be well below it, because some steps have been
    learnt by then; the held-out loss of the untouched model is not.
    """
    return max((*training.values[:1], *(held_out.values[:1] if _from_nought(held_out) else ())), default=0.0)


def _from_nought(series: _Series) -> bool:
    return bool(series.points) and series.points[0].step == 0


def _blown(training: _Series, start: float) -> bool:
    """Whether the training loss was ever above its start, or came back up after a fall by more than noise."""
    if not training.values:
        return False
    low = min(training.smooth)
    back = training.end > 1.5 * low and training.end - low > 0.25 * start
    return max(training.smooth) > BLOWN * start or back


def _never_began(training: _Series, held_out: _Series) -> bool:
    """Whether the model broke before the first training loss was logged; the untouched model's held-out loss tells."""
    return _from_nought(held_out) and bool(training.values) and training.end > 2 * held_out.start


def _both_rise(training: _Series, held_out: _Series, start: float) -> bool:
    if not (training.values and _has_risen(held_out)):
        return False
    return training.end > training.around(held_out.points[held_out.lowest].step) + 0.1 * start


def _over_fitting(training: _Series, held_out: _Series) -> bool:
    if _has_risen(held_out):
        return True
    by_heart = bool(training.values) and training.end < BY_HEART
    return by_heart and bool(held_out.values) and held_out.end > max(2 * training.end, 1.01 * min(held_out.values))


def _has_risen(held_out: _Series) -> bool:
    return bool(held_out.values) and held_out.end > RISEN * min(held_out.values)


def _not_a_number(point: Point, curve: Sequence[Point]) -> Reading:
    which = "training" if point.loss is not None and not math.isfinite(point.loss) else "held-out"
    text = f"At step {point.step} the {which} loss was no longer a number. The steps were too large for the model."
    return Reading(Verdict.EXPLODING, text, _lower(curve, 10))


_MEANS = {
    Verdict.NOT_LEARNING: "Neither has fallen by a tenth, so the model answers much as it did before.",
    Verdict.OVER_FITTING: "It learns the examples by heart, and does worse on what it has not seen.",
    Verdict.EXPLODING: "The steps are so large that the model forgets what it could do.",
}


def _reading(verdict: Verdict, training: _Series, held_out: _Series, setting: str) -> Reading:
    went = [str(series) for series in (training, held_out) if series.values]
    first = " and ".join(went)
    means = _MEANS.get(verdict) or _well(held_out)
    return Reading(verdict, f"{first[0].upper()}{first[1:]}. {means}", setting)


def _well(held_out: _Series) -> str:
    if not held_out.values:
        return "No held-out loss was measured, so over-fitting would not be seen."
    if held_out.fallen:
        return "What the model learns carries over to examples that it has not seen."
    return "The held-out loss has not followed yet: judge the model by its answers before it is used."


def _rate(curve: Sequence[Point]) -> float:
    return max((point.learning_rate or 0.0 for point in curve), default=0.0)


def _lower(curve: Sequence[Point], times: int) -> str:
    rate = _rate(curve)
    how = {3: "threefold", 10: "tenfold"}[times]
    return f"learning_rate: lower it {how}" + (f", to {rate / times:.2g}" if rate else "")


def _higher(curve: Sequence[Point]) -> str:
    """A higher rate, up to the highest that LoRA is known to stand; from there on, longer."""
    rate = _rate(curve)
    if rate >= HIGHEST_RATE:
        return "epochs: double it"
    return "learning_rate: raise it " + (f"to {min(rate * 10, HIGHEST_RATE):.2g}" if rate else "tenfold")


def _shorter(curve: Sequence[Point], held_out: _Series) -> str:
    """Fewer epochs, as many as led to the lowest held-out loss; where that is the start, a gentler rate."""
    epochs = held_out.points[held_out.lowest].epoch
    if epochs < 0.05:
        return _lower(curve, 3)
    return f"epochs: lower it to {epochs:.1f}, where the held-out loss was lowest"

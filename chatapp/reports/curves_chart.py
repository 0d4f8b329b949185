"""The charts of runs: loss curves, distinguished by dash, mark and letter as well as by colour."""

import math
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chatapp.reports.charts import COLOURS, svg
from finetune.training.loss_reading import Point

_DASHES = ("-", "--", "-.", ":")
_MARKS = ("o", "s", "^", "D", "v", "P", "X")
APART = 0.065  # of the height: two letters nearer to each other could not be read
Line = tuple[Sequence[float], Sequence[float]]


def top_of(curves: Sequence[Sequence[Point]]) -> float:
    """The loss that charts to be compared go up to: a third above the highest that a run starts with. A run that
    explodes leaves the chart, and does not make the others flat.
    """
    starts = [first for curve in curves for first in (*losses(curve, held_out=True)[1][:1], *_training(curve)[1][:1])]
    usual = sorted(starts)[: max(1, len(starts) * 3 // 4)]
    return 1.33 * max(usual, default=0.75) or 1.0


def losses(curve: Sequence[Point], held_out: bool) -> Line:
    """Epochs, and losses in nats a token; what is no number is left out."""
    pairs = [(point.epoch, point.held_out_loss if held_out else point.loss) for point in curve]
    kept = [(epoch, loss) for epoch, loss in pairs if loss is not None and math.isfinite(loss)]
    return [epoch for epoch, _ in kept], [loss for _, loss in kept]


def run_chart(curve: Sequence[Point], best: Point | None, top: float, last_epoch: float, name: str) -> Markup:
    """One run: training loss dashed, held-out loss with dots, the lowest ringed. `name` keeps its ids apart."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot(*_training(curve), "--", color=COLOURS["muted"], linewidth=1.5, zorder=2)
        axes.plot(*losses(curve, held_out=True), "-o", color=COLOURS["accent"], linewidth=1.75, markersize=5)
        if best and best.held_out_loss is not None:
            ring: dict[str, Any] = {"markersize": 12, "markerfacecolor": "none", "markeredgecolor": COLOURS["ink"]}
            axes.plot([best.epoch], [best.held_out_loss], "o", **ring)
        _axes(axes, top, last_epoch)
        axes.text(0.98, 0.97, _beyond(curve, top), ha="right", va="top", transform=axes.transAxes)

    return svg(draw, name, "Training loss and held-out loss of one run, by epoch")


def runs_chart(curves: Sequence[tuple[str, Sequence[Point]]], top: float, last_epoch: float) -> Markup:
    """The held-out losses of several runs, a letter each at the end of its line."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        colours = cycle((COLOURS["accent"], COLOURS["ink"], COLOURS["muted"]))
        styles = islice(zip(cycle(_DASHES), cycle(_MARKS), colours, strict=False), len(curves))
        for (_, curve), (dash, mark, colour) in zip(curves, styles, strict=True):
            axes.plot(
                *losses(curve, held_out=True), linestyle=dash, marker=mark, color=colour, linewidth=1.5, markersize=5
            )
        _axes(axes, top, last_epoch)
        _letters(axes, curves, top)

    return svg(draw, "runs", "Held-out loss of every run, by epoch")


def _training(curve: Sequence[Point]) -> Line:
    return losses(curve, held_out=False)


def _axes(axes: Axes, top: float, last_epoch: float) -> None:
    axes.set_xlim(-0.02 * last_epoch, 1.02 * last_epoch)  # a mark at either end is whole
    axes.set_ylim(0, top)
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel("epochs")
    axes.set_ylabel("loss")
    axes.grid(color=COLOURS["line"], linewidth=0.75)
    axes.set_axisbelow(True)


def _beyond(curve: Sequence[Point], top: float) -> str:
    """What the chart leaves out: how high the loss goes, and where it is not a number."""
    highest = max((*losses(curve, held_out=True)[1], *_training(curve)[1]), default=0.0)
    said = [f"up to {highest:.3g}"] if highest > top else []
    values = ((point, loss) for point in curve for loss in (point.loss, point.held_out_loss) if loss is not None)
    broken = next((point for point, loss in values if not math.isfinite(loss)), None)
    return ", ".join([*said, *([f"no number at step {broken.step}"] if broken else [])])


def _letters(axes: Axes, curves: Sequence[tuple[str, Sequence[Point]]], top: float) -> None:
    """The letters at the ends of the lines, from the bottom up; an arrow where the end is above the chart."""
    ends = [(letter, *losses(curve, held_out=True)) for letter, curve in curves]
    placed: list[tuple[float, float]] = []
    for last, epoch, letter in sorted((values[-1], epochs[-1], letter) for letter, epochs, values in ends if values):
        end = min(last, 0.97 * top)
        near = [y for x, y in placed if abs(x - epoch) < APART * axes.get_xlim()[1]]
        at = max([end, *(y + APART * top for y in near)])
        placed.append((epoch, at))
        said = f"{letter} \u2191" if last > top else letter
        axes.annotate(said, (epoch, at), (8, 0), textcoords="offset points", va="center", annotation_clip=False)

"""The charts of a report: small SVGs that take colours and font from the page's CSS.

Drawn 400 units wide, so that their 12-unit text can be read on a phone and in half a desktop column alike.
"""

import io
import re
from collections.abc import Callable
from typing import Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from router.evaluation.curves import Curve, Point, Reliability

WIDTH, HEIGHT = 400, 300
LEAST = 10  # messages; shares of fewer are not drawn
COLOURS = {"ink": "#010201", "muted": "#010202", "line": "#010203", "accent": "#010204", "soft": "#010205"}
_STYLE: dict[Any, object] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "firstline",
    "font.size": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": COLOURS["line"],
    "axes.labelcolor": COLOURS["muted"],
    "text.color": COLOURS["ink"],
    "xtick.color": COLOURS["line"],
    "ytick.color": COLOURS["line"],
    "xtick.labelcolor": COLOURS["muted"],
    "ytick.labelcolor": COLOURS["muted"],
}


def risk_chart(curve: Curve, now: Point, other: Curve | None = None) -> Markup:
    """Risk against coverage with its 95 % band; `now` is what the policy does, `other` a curve to compare with."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        points = [point for point in curve.points if point.risk.n >= LEAST]
        coverage = [point.coverage for point in points]
        low, high = [p.risk.low for p in points], [p.risk.high for p in points]
        axes.fill_between(coverage, low, high, color=COLOURS["soft"], linewidth=0)
        if other:
            _line(axes, other, COLOURS["muted"], "--")
        _line(axes, curve, COLOURS["accent"], "-")
        axes.plot([now.coverage], [now.risk.value], "o", color=COLOURS["ink"], markersize=7)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, min(1.0, max([now.risk.value * 1.25, 0.1, *(p.risk.high for p in points[20:])])))
        _percent_axes(axes, "share of messages answered here", "of these, wrong")
        _note(axes, now)

    return svg(draw, "risk", "Share of wrong answers against the share of messages answered here")


def reliability_chart(reliability: Reliability, name: str, what: str) -> Markup:
    """Observed against predicted probability, with 95 % intervals, above the number of messages per bin."""

    def draw(figure: Figure) -> None:
        axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=(5, 1))
        mean = [b.mean for b in reliability.bins]
        true = [b.came_true.value for b in reliability.bins]
        below = [max(0.0, b.came_true.value - b.came_true.low) for b in reliability.bins]
        above = [max(0.0, b.came_true.high - b.came_true.value) for b in reliability.bins]
        axes.plot([0, 1], [0, 1], "--", color=COLOURS["muted"], linewidth=1)
        style = {"color": COLOURS["accent"], "markersize": 6, "linewidth": 1.5, "clip_on": False}
        axes.errorbar(mean, true, [below, above], fmt="o", **style)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        _percent_axes(axes, "", "how often it was so")
        middle = [(b.low + b.high) / 2 for b in reliability.bins]
        counts.bar(middle, [b.came_true.n for b in reliability.bins], 0.09, color=COLOURS["accent"])
        counts.set_yticks([max((b.came_true.n for b in reliability.bins), default=0)])
        counts.set_xlabel(what)

    return svg(draw, name, f"Calibration: {what}, against how often it was so")


def _line(axes: Axes, curve: Curve, colour: str, style: str) -> None:
    points = [point for point in curve.points if point.risk.n >= LEAST]
    axes.plot([p.coverage for p in points], [p.risk.value for p in points], style, color=colour, linewidth=1.75)


def _note(axes: Axes, now: Point) -> None:
    """The label of the policy's dot, on the side where there is room."""
    left = now.coverage > 0.5
    shift, anchor = ((-10, 8), "right") if left else ((10, 8), "left")
    place = (now.coverage, now.risk.value)
    axes.annotate("this policy", place, shift, textcoords="offset points", ha=anchor)


def _percent_axes(axes: Axes, x: str, y: str) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(color=COLOURS["line"], linewidth=0.75)
    axes.set_axisbelow(True)


def svg(draw: Callable[[Figure], None], name: str, label: str) -> Markup:
    """Run `draw` and give what it drew as an `<svg>` element; `name` keeps its ids apart from other charts'."""
    written = io.StringIO()
    with rc_context(_STYLE):
        figure = Figure((WIDTH / 72, HEIGHT / 72), layout="constrained")
        figure.patch.set_alpha(0)
        draw(figure)
        for axes in figure.axes:
            axes.patch.set_alpha(0)
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(written, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return Markup(_at_home(written.getvalue(), name, label))  # noqa: S704 - holds no text but this module's


def _at_home(svg: str, name: str, label: str) -> str:
    """The element alone, with ids, colours and font that suit a page with several of them."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for variable, colour in COLOURS.items():
        svg = svg.replace(colour, f"var(--{variable})")
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font(?:-family)?: (?:([\d.]+px) )?'[^;\"]*", lambda m: f"font-size: {m[1]}" if m[1] else "", svg)
    root = f'<svg class="chart" \\1 role="img" aria-label="{label}">'
    return re.sub(r"<svg [^>]*?(viewBox=\"[^\"]*\")[^>]*>", root, svg, count=1)

"""The verdict on a curve: the cases that are known, and what holds for every curve."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.training.loss_reading import Point, Reading, Verdict, read_loss

EVERY = 10


def curve(training: Sequence[float], held_out: Sequence[float], rate: float | None = 5e-4) -> list[Point]:
    """Held-out losses spread evenly over the training losses, the first at step 0."""
    steps = len(training) * EVERY
    apart = max(1, len(training) // max(1, len(held_out) - 1))
    points = [Point(0, steps, 0.0, held_out_loss=held_out[0])] if held_out else []
    for number, loss in enumerate(training, start=1):
        step = number * EVERY
        points.append(Point(step, steps, 2 * step / steps, loss=loss, learning_rate=rate, seconds=step))
        if number % apart == 0 and number // apart < len(held_out):
            points.append(Point(step, steps, 2 * step / steps, held_out_loss=held_out[number // apart]))
    return points


def falling(start: float, end: float, n: int) -> list[float]:
    """An exponential fall, nearly all of it in the first half."""
    return [end + (start - end) * math.exp(-8 * i / n) for i in range(n)]


def verdict(training: Sequence[float], held_out: Sequence[float]) -> Verdict:
    return read_loss(curve(training, held_out)).verdict


KNOWN = {
    "far too low a rate": ([2.04, 2.08, 1.99, 2.03, 2.05, 2.0, 2.02, 2.01], [2.1, 2.09, 2.09], Verdict.NOT_LEARNING),
    "flat at nought": ([0.0] * 8, [0.0, 0.0], Verdict.NOT_LEARNING),
    "a good run": (falling(2.0, 0.4, 40), [2.1, 0.8, 0.55, 0.5, 0.49], Verdict.HEALTHY),
    "grounded answers start low": (falling(0.72, 0.25, 40), [0.71, 0.4, 0.36, 0.35, 0.35], Verdict.HEALTHY),
    "noise of the batches": (
        [1.5, 0.7, 0.62, 0.8, 0.55, 0.71, 0.6, 0.75, 0.58, 0.69],
        [1.6, 0.7, 0.66],
        Verdict.HEALTHY,
    ),
    "noise after fast learning": (
        [0.295, 0.205, 0.183, 0.189, 0.171, 0.156, 0.198, 0.137, 0.147, 0.13, 0.12, 0.132, 0.222, 0.194, 0.22],
        [0.712, 0.207, 0.165],
        Verdict.HEALTHY,
    ),
    "one spike": ([2.0, 1.2, 0.8, 0.7, 4.0, 0.65, 0.6, 0.6, 0.55, 0.6], [2.1, 0.8, 0.7], Verdict.HEALTHY),
    "training falls, held-out rises": (falling(2.0, 0.2, 40), [2.1, 0.9, 0.8, 0.88, 1.0], Verdict.OVER_FITTING),
    "held-out above the untouched model's": (falling(2.0, 0.1, 40), [2.1, 1.2, 1.5, 2.4], Verdict.OVER_FITTING),
    "by heart": (falling(2.0, 0.1, 40), [2.1, 0.5, 0.48, 0.49], Verdict.OVER_FITTING),
    "jumps up and stays": ([2.0, 6.5, 8.0, 7.2, 7.0, 6.9], [2.1, 7.2, 7.0], Verdict.EXPLODING),
    "broken before the first line": ([8.0, 7.5, 7.2, 7.0, 6.9, 6.9], [2.1], Verdict.EXPLODING),
    "broken, then falling": ([9.0, 8.0, 7.2, 6.0, 5.5, 5.2], [2.1, 6.2, 5.0], Verdict.EXPLODING),
    "fell, then blew up": ([2.0, 1.0, 0.5, 0.4, 1.1, 1.7, 1.8, 1.75], [2.1, 0.6, 1.7], Verdict.EXPLODING),
    "blew up, then settled": ([2.0, 5.0, 6.0, 5.5, 2.0, 1.2, 1.0, 0.9, 0.9, 0.9], [2.1, 3.0, 1.0], Verdict.EXPLODING),
    "held-out rises and training does not fall": ([2.0, 2.02, 2.05, 2.0, 2.04], [2.1, 2.2, 2.3], Verdict.EXPLODING),
    "both rise again": ([2.0, 1.0, 0.9, 0.9, 1.2, 1.2, 1.2, 1.2], [2.1, 0.9, 1.2], Verdict.EXPLODING),
}


@pytest.mark.parametrize("name", KNOWN)
def test_curves_as_they_are_known(name: str) -> None:
    training, held_out, expected = KNOWN[name]
    assert verdict(training, held_out) is expected


def test_one_kind_of_loss_is_enough() -> None:
    assert verdict(falling(2.0, 0.5, 20), []) is Verdict.HEALTHY
    assert "No held-out loss" in read_loss(curve(falling(2.0, 0.5, 20), [])).text
    only = [Point(step, 20, 0.0, held_out_loss=loss) for step, loss in ((0, 2.0), (10, 1.0), (20, 1.2))]
    assert read_loss(only[:2]).verdict is Verdict.HEALTHY
    assert read_loss(only).verdict is Verdict.OVER_FITTING


def test_a_short_curve_is_read_as_far_as_it_goes() -> None:
    early = Reading(Verdict.TOO_EARLY, "The loss has not been measured twice yet. The next measurement tells more.", "")
    assert read_loss([]) == early
    assert read_loss([Point(0, 10, 0.0, held_out_loss=2.0)]) == early
    assert read_loss([Point(0, 10, 0.0, held_out_loss=2.0), Point(10, 10, 1.0, loss=2.0)]) == early
    assert read_loss([Point(0, 10, 0.0, held_out_loss=2.0), Point(10, 10, 1.0, loss=9.0)]).verdict is Verdict.EXPLODING


def test_it_says_the_figures_and_what_to_change() -> None:
    over = read_loss(curve(falling(2.0, 0.2, 40), [2.1, 0.9, 0.8, 0.88, 1.0]))
    assert over.text == (
        "The training loss went from 2 to 0.201 and the held-out loss went from 2.1 to 1 (lowest 0.8). "
        "It learns the examples by heart, and does worse on what it has not seen."
    )
    assert over.setting == "epochs: lower it to 1.0, where the held-out loss was lowest"
    blown = read_loss(curve([2.0, 6.5, 8.0, 7.2, 7.0, 6.9], [2.1, 7.2, 7.0], 1e-2))
    assert blown.setting == "learning_rate: lower it tenfold, to 0.001"
    assert "(highest" not in blown.text
    settled = read_loss(curve([2.0, 5.0, 6.0, 5.5, 2.0, 1.2, 1.0, 0.9, 0.9, 0.9], [2.1, 3.0, 1.0]))
    assert "went from 2 to 0.9 (highest 5.5)" in settled.text
    assert read_loss(curve(falling(2.0, 0.4, 40), [2.1, 0.8, 0.5])).setting == ""


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (2e-6, "learning_rate: raise it to 2e-05"),
        (1e-3, "learning_rate: raise it to 0.002"),
        (2e-3, "epochs: double it"),
        (None, "learning_rate: raise it tenfold"),
    ],
)
def test_how_to_make_it_learn(rate: float | None, said: str) -> None:
    assert read_loss(curve([2.0, 2.0, 1.99], [2.1, 2.1], rate)).setting == said


def test_a_run_that_is_best_untouched_wants_a_gentler_rate() -> None:
    reading = read_loss(curve(falling(2.0, 1.0, 20), [2.0, 2.2, 2.4], 3e-3))
    assert (reading.verdict, reading.setting) == (Verdict.OVER_FITTING, "learning_rate: lower it threefold, to 0.001")


losses = st.floats(0.01, 12)
curves = st.builds(
    curve,
    st.lists(losses, max_size=30),
    st.lists(losses, max_size=8),
    st.none() | st.floats(1e-7, 1e-1),
)


@given(curves)
def test_every_curve_has_a_verdict_in_two_sentences(points: list[Point]) -> None:
    reading = read_loss(points)
    assert reading.text.endswith(".")
    assert reading.text.count(". ") == 1
    early = "not been measured twice" in reading.text
    assert (reading.setting == "") is (reading.verdict is Verdict.HEALTHY or early)


@given(losses, st.integers(2, 30), st.integers(0, 6))
def test_a_flat_curve_is_not_learning(loss: float, training: int, held_out: int) -> None:
    assert verdict([loss] * training, [loss] * held_out) is Verdict.NOT_LEARNING


@given(curves.filter(bool), st.data())
def test_any_loss_that_is_no_number_is_exploding(points: list[Point], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(points) - 1))
    bad = data.draw(st.sampled_from([math.nan, math.inf]))
    training = points[at].loss is not None
    points[at] = replace(points[at], loss=bad) if training else replace(points[at], held_out_loss=bad)
    reading = read_loss(points)
    assert reading.verdict is Verdict.EXPLODING
    assert f"At step {points[at].step} the {'training' if training else 'held-out'} loss" in reading.text


@given(curves, st.integers(2, 1000))
def test_the_scale_of_the_steps_does_not_matter(points: list[Point], scale: int) -> None:
    scaled = [replace(point, step=point.step * scale, steps=point.steps * scale) for point in points]
    assert read_loss(scaled) == read_loss(points)


@given(curves.filter(lambda points: all((p.loss or 1) > 0.3 for p in points)), st.sampled_from([2.0, 4.0, 64.0]))
def test_the_scale_of_the_losses_does_not_matter(points: list[Point], scale: float) -> None:
    scaled = [
        replace(p, loss=p.loss and p.loss * scale, held_out_loss=p.held_out_loss and p.held_out_loss * scale)
        for p in points
    ]
    assert read_loss(scaled).verdict is read_loss(points).verdict


@given(st.floats(0.5, 5), st.floats(0.1, 0.85), st.integers(6, 60), st.floats(0.95, 1.3))
def test_two_losses_that_fall_together_are_healthy(start: float, share: float, n: int, apart: float) -> None:
    training = falling(start, share * start, n)
    held_out = [start * apart, *(loss * apart for loss in training[n // 4 :: max(1, n // 4)])]
    assert verdict(training, held_out) in {Verdict.HEALTHY} | ({Verdict.NOT_LEARNING} if share > 0.8 else set())

"""Who is answered when, over a runtime that minds every rule."""

import itertools
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Ask, Call, DeadlineError, Ending, EngineFailedError, EngineOptions, LineFullError, Piece
from engine.scheduler import PATIENCE_S, Scheduler
from localmodel.errors import ExplainedError
from tests.engine.fake_runtime import BROKEN, SIZE, VOCABULARY, FakeRuntime, alone
from tests.engine.listeners import Heard

OPTIONS = EngineOptions(context_tokens=64, streams=4, cache_tokens=160, batch_tokens=16, draft_tokens=8, line=30)
ADAPTERS = (None, Path("one.gguf"), Path("two.gguf"))


def desk(options: EngineOptions = OPTIONS) -> tuple[Scheduler, Any]:
    runtime: Any = FakeRuntime(options.cells, options.batch_tokens, options.sequences)
    return Scheduler(runtime, VOCABULARY, options), runtime


def call(prompt: tuple[int, ...] = (1, 2, 3), max_tokens: int = 6, **more: Any) -> Call:
    attended = more.pop("attended", lambda: True)
    return Call(Ask(prompt, max_tokens, **more), Heard(), attended)


def heard(one: Call) -> Heard:
    assert isinstance(one.listener, Heard)
    return one.listener


def finish(scheduler: Scheduler, most: int = 1000) -> int:
    steps = 0
    while scheduler.busy:
        scheduler.step()
        steps += 1
        assert steps < most, "everybody comes to an end"
    return steps


def drawn(rng: random.Random) -> Call:
    """A call whose prompt often begins as others do, and may mark where."""
    persona, text = tuple(range(1, rng.choice((1, 5, 9)))), (rng.randint(1, 3),) * rng.choice((0, 6))
    prompt = (*persona, *text, *rng.choices(range(1, 6), k=rng.randint(1, 26)))
    marks = sorted({mark for mark in (len(persona), len(persona + text)) if mark and rng.random() < 0.8})
    adapter, most = rng.choice(ADAPTERS), rng.randint(1, 20)
    source = alone(prompt, most, adapter)
    for _ in range(rng.randint(0, 3)):  # a draft that is wrong here and there
        if source:
            source[rng.randrange(len(source))] = rng.randrange(SIZE)
    return call(prompt, most, source=tuple(source), adapter=adapter, marks=tuple(marks))


@pytest.mark.parametrize("seed", range(100))
def test_whatever_comes_between_every_answer_is_as_if_it_were_alone(seed: int) -> None:
    """Random arrivals, cancellations, adapters, lengths and drafts; about a hundred steps a seed."""
    rng = random.Random(seed)
    options = EngineOptions(
        context_tokens=64,
        streams=rng.randint(1, 6),
        cache_tokens=rng.choice((64, 90, 160, 400)),
        batch_tokens=rng.choice((8, 16, 64)),
        draft_tokens=rng.choice((0, 2, 8, 40)),
        warm_bytes=rng.choice((0, 100, 400, 10_000)),
    )
    scheduler, runtime = desk(options)
    calls: list[Call] = []
    while len(calls) < 60 or scheduler.busy:
        if len(calls) < 60 and rng.random() < 0.6:
            calls.append(drawn(rng))
            scheduler.join(calls[-1])
        if rng.random() < 0.05:
            scheduler.read_ahead([ahead(drawn(rng).ask) for _ in range(4)])
        if calls and rng.random() < 0.1:
            rng.choice(calls).cancelled = True
        scheduler.step()
    for one in calls:
        expected = alone(one.ask.prompt, one.ask.max_tokens, one.ask.adapter)
        if one.cancelled and heard(one).ending is Ending.CANCELLED:
            assert heard(one).tokens == expected[: len(heard(one).tokens)]
        else:
            assert heard(one).tokens == expected
            assert heard(one).ending is (Ending.LENGTH if len(expected) == one.ask.max_tokens else Ending.WHOLE)
    assert runtime.steps > 60
    assert not scheduler.running
    assert not any(runtime.held.values()), "nothing that has ended holds a cell"


def test_a_true_draft_is_said_in_one_step_after_the_prompt() -> None:
    prompt = next((1, 2, n) for n in range(SIZE) if len(alone((1, 2, n), 8, None)) == 8)
    one = call(prompt, 8, source=tuple(alone(prompt, 8, None)))
    scheduler, runtime = desk()
    scheduler.join(one)
    assert finish(scheduler) == 1
    assert (one.passes, one.accepted, runtime.evaluated) == (1, 7, 3 + 7)


def test_a_long_prompt_does_not_keep_the_others_from_speaking() -> None:
    options = EngineOptions(context_tokens=512, cache_tokens=1024, streams=4, batch_tokens=16, draft_tokens=0)
    scheduler, _ = desk(options)
    prompt = next((n, 1) for n in range(SIZE) if len(alone((n, 1), 30, None)) == 30)
    short, long = call(prompt, 30), call(tuple(1 + n % 5 for n in range(400)), 4)
    scheduler.join(short)
    scheduler.step()
    scheduler.join(long)
    while not heard(short).ending:
        before = len(heard(short).tokens)
        scheduler.step()
        assert len(heard(short).tokens) == before + 1
    finish(scheduler)
    assert heard(long).tokens == alone(long.ask.prompt, 4, None)


def test_first_come_first_served() -> None:
    scheduler, _ = desk(EngineOptions(context_tokens=64, streams=1, batch_tokens=16))
    calls = [call((n, 3), 5) for n in range(1, 9)]
    order: list[int] = []
    for one in calls:
        scheduler.join(one)
    while scheduler.busy:
        scheduler.step()
        order += [at for at, one in enumerate(calls) if heard(one).ending and at not in order]
    assert order == list(range(8))


def test_who_has_left_lets_those_pass_who_wait_but_not_for_ever() -> None:
    scheduler, _ = desk(EngineOptions(context_tokens=64, streams=1, batch_tokens=16))
    gone, patient, here = (call((n, 3), 4, attended=lambda n=n: n == 3) for n in (1, 2, 3))
    patient.began -= PATIENCE_S + 1
    for one in (gone, patient, here):
        scheduler.join(one)
    ends: list[Call] = []
    while scheduler.busy:
        scheduler.step()
        ends += [one for one in (gone, patient, here) if heard(one).ending and one not in ends]
    assert ends == [patient, here, gone]


def test_a_full_line_is_refused_with_what_to_do() -> None:
    scheduler, _ = desk(EngineOptions(context_tokens=64, streams=3, line=2))
    for _ in range(3 + 2):  # as many as streams stand idle, and those that may wait
        scheduler.join(call())
    scheduler.step()
    assert (len(scheduler.running), len(scheduler.line)) == (3, 2)
    with pytest.raises(LineFullError, match="FIRSTLINE_LOCAL_LINE"):
        scheduler.join(call())


def test_a_cancelled_answer_is_gone_within_one_step() -> None:
    scheduler, _ = desk()
    one = call(max_tokens=60)
    waiting = call(max_tokens=60)
    scheduler.join(one)
    scheduler.step()
    scheduler.join(waiting)
    one.cancelled = waiting.cancelled = True
    scheduler.step()
    assert (heard(one).ending, heard(waiting).ending) == (Ending.CANCELLED, Ending.CANCELLED)
    assert heard(one).error is None
    assert not scheduler.busy


@pytest.mark.parametrize("begun", [True, False])
def test_a_call_that_is_overdue_ends_with_what_to_do(begun: bool) -> None:
    scheduler, _ = desk()
    one = call(max_tokens=60, timeout_s=30)
    scheduler.join(one)
    if begun:
        scheduler.step()
    one.began -= 31
    scheduler.step()
    assert isinstance(heard(one).error, DeadlineError)
    assert "within 30 s" in str(heard(one).error)


ROOMY = EngineOptions(context_tokens=64, cache_tokens=400, batch_tokens=64, draft_tokens=0)
PERSONA, TEXT = tuple(range(1, 21)), tuple(range(21, 31))


def asked(scheduler: Scheduler, *asks: Call) -> list[int]:
    """How much of each prompt was warm, one after the other; the answers are as they would be alone."""
    for one in asks:
        scheduler.join(one)
        finish(scheduler)
        assert heard(one).tokens == alone(one.ask.prompt, one.ask.max_tokens, one.ask.adapter)
    return [one.warm_tokens for one in asks]


def test_what_begins_alike_is_evaluated_once() -> None:
    scheduler, runtime = desk(ROOMY)
    both = {"marks": (20, 30)}
    texts = call((*PERSONA, *TEXT, 40), 3, **both), call((*PERSONA, *TEXT, 41, 42), 3, **both)
    other = call((*PERSONA, *reversed(TEXT), 41), 3, **both)
    again = call(texts[0].ask.prompt[:30], 3, **both)
    assert asked(scheduler, *texts, other, again) == [0, 30, 20, 20], "one token is evaluated for its logits"
    assert [begin for begin, _, _ in runtime.saved] == [0, 20, 20], "what they have in common is kept once"


def test_nothing_is_kept_that_is_not_marked_and_nothing_across_adapters() -> None:
    scheduler, runtime = desk(ROOMY)
    one, other = ADAPTERS[1:]
    plain = [call((*PERSONA, 40), 3) for _ in range(2)]
    marked = [call((*PERSONA, 40), 3, marks=(20,), adapter=adapter) for adapter in (one, other, one)]
    assert asked(scheduler, *plain, *marked) == [0, 0, 0, 0, 20]
    assert not any(runtime.held.values())


def test_what_was_cancelled_keeps_no_more_than_was_read() -> None:
    scheduler, runtime = desk(EngineOptions(context_tokens=64, cache_tokens=400, batch_tokens=16, draft_tokens=0))
    one = call((*PERSONA, *TEXT, 40), 3, marks=(10, 30))
    scheduler.join(one)
    scheduler.step()
    one.cancelled = True
    finish(scheduler)
    assert runtime.saved == [(0, list(PERSONA[:10]), None)]


def ahead(ask: Ask) -> Ask:
    """As the engine hands them on: the prompt's last mark is its end."""
    end = max((*ask.marks, 1))
    return Ask(ask.prompt[:end], 1, adapter=ask.adapter, marks=(end,))


def test_what_is_read_ahead_is_warm_for_the_first_who_asks_and_lets_them_pass() -> None:
    scheduler, runtime = desk(ROOMY)
    texts = [(*PERSONA, *(40 + (n + at) % 20 for at in range(10))) for n in range(5)]
    scheduler.read_ahead([Ask(text, 1, marks=(20, 30)) for text in texts] + [Ask((1, 2), 1, adapter=BROKEN)])
    scheduler.step()
    assert not scheduler.line
    first = call((*texts[0], 7), 3, marks=(20, 30))
    assert asked(scheduler, first) == [30]
    assert len(runtime.saved) == 6
    read = runtime.evaluated
    scheduler.read_ahead([Ask(text, 1, marks=(20, 30)) for text in texts])
    finish(scheduler)
    assert runtime.evaluated == read, "what is warm already is not read again"


def test_what_is_read_ahead_rests_while_somebody_asks_with_another_adapter() -> None:
    scheduler, runtime = desk(ROOMY)
    old, new = ADAPTERS[1:]
    scheduler.read_ahead([Ask((n, *PERSONA), 1, adapter=old, marks=(21,)) for n in range(21, 30)])
    scheduler.step()
    assert asked(scheduler, call((1, 2), 3, adapter=new)) == [0]
    assert (scheduler.busy, scheduler.reading) == (False, True)
    asked(scheduler, call((1, 2), 3, adapter=old))
    assert (scheduler.busy, scheduler.reading, len(runtime.saved)) == (False, False, 9)


def test_what_is_read_ahead_ends_where_it_would_drive_out_what_is_kept() -> None:
    each = 8 + 4 * 21
    scheduler, runtime = desk(EngineOptions(context_tokens=64, cache_tokens=400, warm_bytes=3 * each))
    scheduler.read_ahead([Ask((n, *PERSONA), 1, marks=(21,)) for n in range(21, 40)])
    finish(scheduler)
    assert (len(runtime.saved), scheduler.reading) == (4, False)


@pytest.mark.parametrize("slides", [False, True])
def test_what_has_lost_the_tokens_outside_its_window_is_not_copied_from(slides: bool) -> None:
    scheduler, runtime = desk(ROOMY)
    runtime.slides = slides
    first, second = call((*PERSONA, 1), 30), call((*PERSONA, 2), 3)
    scheduler.join(first)
    scheduler.step()
    scheduler.join(second)
    scheduler.step()
    assert second.warm_tokens == (0 if slides else len(PERSONA))
    finish(scheduler)


def test_who_asks_does_not_wait_for_what_is_read_ahead() -> None:
    scheduler, _ = desk(ROOMY)
    scheduler.read_ahead([Ask((n, *PERSONA), 1, marks=(21,)) for n in range(21, 60)])
    scheduler.step()
    one = call((*TEXT, 3), 3)
    scheduler.join(one)
    steps = 0
    while not heard(one).ending:
        scheduler.step()
        steps += 1
    assert steps <= 3


def test_an_adapter_that_cannot_be_loaded_fails_its_own_call() -> None:
    scheduler, _ = desk()
    bad, good = call(adapter=BROKEN), call(adapter=ADAPTERS[1])
    for one in (bad, good):
        scheduler.join(one)
    finish(scheduler)
    assert "broken.gguf is broken" in str(heard(bad).error)
    assert heard(good).tokens == alone(good.ask.prompt, 6, ADAPTERS[1])


def test_a_failure_is_told_to_everybody_and_nothing_of_the_cache_is_used_again() -> None:
    scheduler, runtime = desk()
    asked(scheduler, call(max_tokens=2, marks=(2,)))
    calls = [call(max_tokens=20) for _ in range(6)]
    for one in calls:
        scheduler.join(one)
    scheduler.step()
    runtime.error = MemoryError("boom")
    with pytest.raises(MemoryError):
        scheduler.step()
    scheduler.fail(EngineFailedError("It failed."))
    runtime.restart()
    assert all(isinstance(heard(one).error, EngineFailedError) for one in calls)
    after = call(max_tokens=20)
    scheduler.join(after)
    finish(scheduler)
    assert heard(after).tokens == alone(after.ask.prompt, 20, None)
    assert after.warm_tokens == 0, "what was kept is forgotten too"


def test_a_model_that_cannot_forget_gets_no_drafts_and_keeps_nothing_warm() -> None:
    scheduler, runtime = desk()
    runtime.forgets_parts = False
    prompt = (1, 2, 3, 4)
    for _ in range(2):
        one = call(prompt, 6, source=tuple(alone(prompt, 6, None)), marks=(2,))
        scheduler.join(one)
        finish(scheduler)
        assert heard(one).tokens == alone(prompt, 6, None)
        assert (one.drafted, one.warm_tokens) == (0, 0)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(8, 24))
def test_time_is_booked_once(lengths: list[int], batch_tokens: int) -> None:
    options = EngineOptions(context_tokens=64, cache_tokens=600, streams=8, batch_tokens=batch_tokens)
    scheduler, runtime = desk(options)
    calls = [call(tuple(range(1, length + 1)), 5) for length in lengths]
    for one in calls:
        scheduler.join(one)
    with mock.patch("engine.scheduler.time.perf_counter", itertools.count().__next__):  # a step takes a second
        finish(scheduler)
    assert sum(one.compute_s for one in calls) == pytest.approx(runtime.steps)
    assert all(one.compute_s > 0 for one in calls)


def test_long_drafts_of_some_do_not_silence_the_others() -> None:
    options = EngineOptions(context_tokens=64, cache_tokens=600, streams=4, batch_tokens=8, draft_tokens=40)
    scheduler, _ = desk(options)
    prompts = [prompt for prompt in ((n, 7) for n in range(1, SIZE)) if len(alone(prompt, 20, None)) == 20][:4]
    calls = [call(prompt, 20, source=tuple(alone(prompt, 20, None))) for prompt in prompts]
    for one in calls:
        scheduler.join(one)
    scheduler.step()
    while scheduler.busy:
        before = {id(one): len(heard(one).tokens) for one in calls}
        speaking = [running.call for running in scheduler.running if running.speaking]
        scheduler.step()
        assert all(len(heard(one).tokens) > before[id(one)] for one in speaking)


def test_after_many_failures_every_sequence_is_free_again() -> None:
    scheduler, runtime = desk()
    for _ in range(OPTIONS.sequences):
        scheduler.join(call(max_tokens=20))
        scheduler.step()
        scheduler.fail(EngineFailedError("It failed."))
        runtime.restart()
    after = call()
    scheduler.join(after)
    finish(scheduler)
    assert heard(after).tokens == alone(after.ask.prompt, 6, None)


def test_more_answers_than_a_step_has_tokens_are_all_made() -> None:
    scheduler, _ = desk(EngineOptions(context_tokens=32, cache_tokens=2000, streams=20, batch_tokens=8))
    calls = [call((n, 3), 9) for n in range(1, 31)]
    for one in calls:
        scheduler.join(one)
    finish(scheduler)
    assert [heard(one).tokens for one in calls] == [alone(one.ask.prompt, 9, None) for one in calls]


class Rude(Heard):
    """A listener that raises."""

    def heard(self, pieces: Sequence[Piece]) -> None:
        raise ValueError("I do not listen")

    def ended(self, ending: Ending, error: ExplainedError | None) -> None:
        super().ended(ending, error)
        raise ValueError("I do not listen")


def test_a_listener_that_raises_harms_nobody_else() -> None:
    scheduler, _ = desk()
    rude, polite = Call(Ask((1, 2), 9), Rude()), call(max_tokens=9)
    for one in (rude, polite):
        scheduler.join(one)
    finish(scheduler)
    assert heard(rude).ending is Ending.CANCELLED
    assert heard(polite).tokens == alone(polite.ask.prompt, 9, None)
    scheduler.join(Call(Ask((1, 2), 9), Rude()))
    scheduler.fail(EngineFailedError("It failed."))


@pytest.mark.parametrize("broken", ["use", "load"])
def test_whoever_is_being_taken_in_when_it_fails_is_told(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler, runtime = desk()
    scheduler.join(call(marks=(2,)))
    finish(scheduler)

    def fail(*_: object) -> None:
        raise MemoryError("boom")

    monkeypatch.setattr(runtime, broken, fail)
    one = call()
    scheduler.join(one)
    with pytest.raises(MemoryError):
        scheduler.step()
    scheduler.fail(EngineFailedError("It failed."))
    assert isinstance(heard(one).error, EngineFailedError)

"""The engine's thread, over a real model file."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from engine import (
    Ask,
    CapacityError,
    ClosedError,
    ContextError,
    Ending,
    Engine,
    EngineFailedError,
    EngineOptions,
    LineFullError,
    Sampling,
    State,
)
from engine import engine as engine_module
from engine.runtime import Entry
from localmodel.chat_template import Plain
from localmodel.errors import BaseModelError, ModelFileError
from localmodel.memory import Memory
from tests.engine.conftest import OPTIONS
from tests.engine.listeners import Heard, own


def ask(engine: Engine, text: str, max_tokens: int = 24, **more: object) -> Ask:
    return Ask(engine.tokenize([Plain("user", text)]), max_tokens, **more)  # type: ignore[arg-type]


def said(engine: Engine, one: Ask) -> list[int]:
    return [piece.token for piece in engine.answer(one)]


def wait_for(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_draft_changes_no_token_but_where_rounding_breaks_a_tie(shared_engine: Engine) -> None:
    """Over exact arithmetic it changes none: test_sampler.py."""
    same = []
    for text in ("Where is my parcel?", "Do you ship to Norway?", "Hi"):
        plain = ask(shared_engine, text)
        tokens = said(shared_engine, plain)
        wrong = [token if at % 5 else 7 for at, token in enumerate(tokens)]
        for source in (tokens, wrong, tokens[3:], [9, *tokens]):
            same.append(said(shared_engine, replace(plain, source=tuple(source))) == tokens)
    assert sum(same) >= 0.75 * len(same)


def test_seeds_differ_and_repeat(shared_engine: Engine) -> None:
    answers = [
        said(shared_engine, ask(shared_engine, "Hello", sampling=Sampling(1.5, seed=seed))) for seed in (1, 2, 3, 1)
    ]
    assert answers[0] == answers[3]
    assert len({tuple(answer) for answer in answers}) == 3


def test_a_stop_text_ends_the_answer_and_is_not_part_of_it(shared_engine: Engine) -> None:
    whole = ask(shared_engine, "Hello", 40)
    text = "".join(piece.text for piece in shared_engine.answer(whole))
    stop = text[len(text) // 2 :][:3]
    listener = Heard()
    shared_engine.submit(replace(whole, stop=(stop,)), listener)
    wait_for(lambda: listener.ending)
    assert listener.text == text[: text.index(stop)]
    assert listener.ending is Ending.WHOLE


def test_many_callers_at_once_get_what_each_would_get_alone(shared_engine: Engine) -> None:
    asks = [ask(shared_engine, f"Count to {number}.") for number in range(12)]
    alone = [said(shared_engine, one) for one in asks]
    got: dict[int, list[int]] = {}
    threads = [
        threading.Thread(target=lambda at=at, one=one: got.update({at: said(shared_engine, one)}))
        for at, one in enumerate(asks)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert own([got[at] for at in range(12)], alone)


def test_a_caller_that_never_reads_holds_nobody_up(shared_engine: Engine) -> None:
    unread = shared_engine.answer(ask(shared_engine, "Tell me a story.", 200))
    next(unread)
    assert said(shared_engine, ask(shared_engine, "Hello"))
    unread.close()
    wait_for(lambda: not shared_engine.running)


def test_a_caller_that_leaves_frees_its_stream(shared_engine: Engine) -> None:
    listener = Heard()
    call = shared_engine.submit(ask(shared_engine, "Tell me a story.", 200), listener)
    wait_for(lambda: listener.pieces)
    shared_engine.cancel(call)
    shared_engine.cancel(call)
    wait_for(lambda: listener.ending)
    assert (listener.ending, listener.error) == (Ending.CANCELLED, None)
    assert call.answer_tokens < 200


def test_a_prompt_longer_than_the_context(shared_engine: Engine) -> None:
    with pytest.raises(ContextError, match=r"256.*FIRSTLINE_LOCAL_PROMPT_TOKENS"):
        shared_engine.submit(ask(shared_engine, "word " * 300), Heard())


@pytest.mark.parametrize("nothing", [Ask((), 5), Ask((1, 2), 0)])
def test_nothing_to_answer_is_refused(shared_engine: Engine, nothing: Ask) -> None:
    with pytest.raises(ContextError):
        shared_engine.submit(nothing, Heard())


def test_an_answer_ends_with_the_context(shared_engine: Engine) -> None:
    one = Ask(tuple([5] * 250), 100)
    assert len(said(shared_engine, one)) <= 6


def test_a_full_line_is_told_to_the_caller(tiny_model: Path) -> None:
    engine = Engine(tiny_model, replace(OPTIONS, streams=1, line=1))
    listeners = [Heard() for _ in range(4)]
    for listener in listeners:
        engine.submit(ask(engine, "Tell me a story.", 200), listener)
    wait_for(lambda: any(listener.error for listener in listeners))
    assert any(isinstance(listener.error, LineFullError) for listener in listeners)
    engine.close()


@pytest.mark.parametrize("error", [MemoryError("boom"), SystemExit("the thread was ended")])
def test_a_failure_ends_the_calls_and_the_engine_starts_again(
    own_engine: Engine, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = said(own_engine, ask(own_engine, "Hello"))
    running, listener = own_engine._runtime.decode, Heard()

    def broken(_: object) -> None:
        monkeypatch.setattr(own_engine._runtime, "decode", running)
        raise error

    monkeypatch.setattr(own_engine._runtime, "decode", broken)
    own_engine.submit(ask(own_engine, "Hello"), listener)
    wait_for(lambda: listener.ending)
    assert isinstance(listener.error, EngineFailedError)
    assert str(error) in str(listener.error)
    assert said(own_engine, ask(own_engine, "Hello")) == expected
    assert (own_engine.state, own_engine.restarts) == (State.READY, 1)


def test_an_engine_that_cannot_start_again_says_so_and_tries_later(
    own_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    restart, broken = own_engine._runtime.restart, [True]

    def refuse() -> None:
        if broken:
            raise EngineFailedError("no memory for a context")
        restart()

    def fail(_: object) -> None:
        raise MemoryError("boom")

    with monkeypatch.context() as patch:
        patch.setattr(own_engine._runtime, "decode", fail)
        monkeypatch.setattr(own_engine._runtime, "restart", refuse)
        with pytest.raises(EngineFailedError, match="boom"):
            said(own_engine, ask(own_engine, "Hello"))
        wait_for(lambda: own_engine.state is State.FAILED)
        own_engine.read_ahead([Ask((1, 2, 3), 1, marks=(2,))])
        with pytest.raises(EngineFailedError, match="cannot be started again"):
            said(own_engine, ask(own_engine, "Hello"))
    broken.clear()
    own_engine._failed_at = 0.0
    assert said(own_engine, ask(own_engine, "Hello"))
    assert own_engine.state is State.READY


def test_adapters_are_exchanged_without_dropping_what_runs(
    shared_engine: Engine, tiny_adapters: tuple[Path, Path]
) -> None:
    one, two = (ask(shared_engine, "Hello", 16, adapter=adapter) for adapter in tiny_adapters)
    alone = [said(shared_engine, each) for each in (one, two)]
    assert alone[0] != alone[1]
    listeners = [Heard() for _ in range(6)]
    for at, listener in enumerate(listeners):
        shared_engine.submit((one, two)[at % 2], listener)
    wait_for(lambda: all(listener.ending for listener in listeners))
    assert own([listener.tokens for listener in listeners], alone * 3)


def test_an_adapter_that_does_not_fit_is_refused_and_nothing_else_is_touched(
    shared_engine: Engine, tmp_path: Path, tiny_adapters: tuple[Path, Path]
) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF")
    with pytest.raises(BaseModelError, match=r"broken.gguf.*no LoRA adapter"):
        shared_engine.prepare(broken)
    with pytest.raises(BaseModelError, match=r"broken.gguf"):
        said(shared_engine, ask(shared_engine, "Hello", adapter=broken))
    shared_engine.prepare(tiny_adapters[0])
    assert said(shared_engine, ask(shared_engine, "Hello", adapter=tiny_adapters[0]))


def test_closing_ends_every_call_and_refuses_the_next(tiny_model: Path) -> None:
    engine = Engine(tiny_model, OPTIONS)
    listeners = [Heard() for _ in range(6)]
    for listener in listeners:
        engine.submit(ask(engine, "Tell me a story.", 200), listener)
    engine.close()
    engine.close()
    assert all(isinstance(listener.error, ClosedError) for listener in listeners)
    late = Heard()
    engine.submit(Ask((1, 2), 5), late)
    assert isinstance(late.error, ClosedError)
    with pytest.raises(ClosedError):
        engine.prepare(Path("any.gguf"))
    with pytest.raises(ClosedError):
        ask(engine, "never asked before")
    with pytest.raises(ClosedError):
        engine.source("any")


def test_who_comes_while_the_engine_is_being_closed_is_told_so(own_engine: Engine) -> None:
    go_on, decode = threading.Event(), own_engine._runtime.decode
    inside = threading.Event()

    def held(entries: Sequence[Entry]) -> None:
        inside.set()
        assert go_on.wait(20)
        decode(entries)

    own_engine._runtime.decode = held  # type: ignore[method-assign]
    running, coming = Heard(), Heard()
    own_engine.submit(ask(own_engine, "Hello"), running)
    assert inside.wait(20)
    own_engine.submit(ask(own_engine, "Hello"), coming)
    closing = threading.Thread(target=own_engine.close)
    closing.start()
    wait_for(lambda: own_engine.state is State.CLOSED)
    go_on.set()
    closing.join(20)
    assert isinstance(running.error, ClosedError)
    assert isinstance(coming.error, ClosedError)
    assert own_engine.line == []


@pytest.mark.parametrize("content", [b"", b"GGUF", b"no model at all" * 100])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="cannot load"):
        Engine(path, EngineOptions())


def test_a_file_of_an_unknown_architecture_is_refused_by_its_name(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "strange.gguf"
    content = tiny_model.read_bytes()
    at = content.index(b"llama", content.index(b"general.architecture"))
    path.write_bytes(content[:at] + b"lemur" + content[at + 5 :])
    with pytest.raises(ModelFileError, match="lemur"):
        Engine(path)


@pytest.mark.parametrize(
    "more",
    [
        {"cache_type": "bf16"},
        {"cache_type": "f32", "flash_attention": False},
        {"flash_attention": True},
        {"gpu_layers": -1},
    ],
)
def test_llama_cpps_own_settings_are_passed_on(tiny_model: Path, more: dict[str, object]) -> None:
    engine = Engine(tiny_model, replace(OPTIONS, **more))  # type: ignore[arg-type]
    assert said(engine, ask(engine, "Hello", 4))
    engine.close()


def test_a_cache_that_a_model_cannot_have_is_refused_in_llama_cpps_words(tiny_model: Path) -> None:
    with pytest.raises(EngineFailedError, match=r"q8_0.*FIRSTLINE_LOCAL_CACHE_TYPE"):
        Engine(tiny_model, replace(OPTIONS, cache_type="q8_0"))


def test_more_streams_than_memory_allows_are_refused(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "available_memory", lambda: Memory(64 << 20, "this machine"))
    with pytest.raises(CapacityError, match="FIRSTLINE_LOCAL_STREAMS"):
        Engine(tiny_model, replace(OPTIONS, streams=128, cache_tokens=1_000_000))

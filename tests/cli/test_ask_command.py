"""`firstline ask`: the events of a turn on the terminal."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from chatapp.commands import ask as module
from chatapp.errors import SettingError
from chatapp.settings import Settings
from chatapp.turn.events import Delta, Escalated, Event, Failed, Finished, Notice, Routed, Source, Started
from router.types import Circumstances, Route

FINISHED = Finished(
    turn_id=1,
    conversation_id="c",
    status="done",
    route="local",
    category="shipping",
    text="It is free.",
    sources=(Source("shipping.cost", "Shipping is free.", 0.9),),
    cost_microusd=12,
    ttft_ms=3.0,
    total_ms=40.0,
)
FAILED = Failed(1, "c", "local_model", "The model failed.", "Try again.")


class Product:
    """A product whose only turn emits these events."""

    def __init__(self, events: list[Event]) -> None:
        self.events, self.started, self.closed = events, [], False
        conversations = SimpleNamespace(ensure_user=lambda user: None, create=lambda user: SimpleNamespace(id="c"))
        self.store = SimpleNamespace(conversations=conversations)
        self.runner = self

    @contextmanager
    def watch(self, conversation_id: str) -> Iterator[tuple[AsyncIterator[Event], tuple[Event, ...]]]:
        async def stream() -> AsyncIterator[Event]:
            for event in self.events:
                yield event

        yield stream(), ()

    async def start(self, user: str, conversation: str, text: str, requested_route: Route | None) -> int:
        self.started.append((text, requested_route))
        return 1

    async def aclose(self) -> None:
        self.closed = True


Ask = Callable[..., tuple[int, Product]]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Ask:
    """Runs the command over a turn of these events; gives the exit code and the product."""

    def run(*events: Event, as_json: bool = False, cloud: bool = False, key: str = "") -> tuple[int, Product]:
        product = Product(list(events))
        monkeypatch.setattr(module, "build_product", lambda *args: product)
        chosen = Settings(data_dir=settings.data_dir, cloud_api_key=key)  # type: ignore[arg-type]
        return module.ask(chosen, None, "what does it cost?", as_json=as_json, cloud=cloud), product

    return run


def test_the_answer_on_stdout_and_what_is_said_about_it_on_stderr(
    ask: Ask, router: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    decision = router.decide("x", (), Circumstances())
    notice = Notice(1, "c", "approved", "The approved wording was used.")
    code, product = ask(
        Started(1, "c", "what does it cost?"),
        Routed(1, "c", decision),
        Delta(1, "c", "It is "),
        Delta(1, "c", "free."),
        notice,
        FINISHED,
    )
    captured = capsys.readouterr()
    assert code == 0
    assert captured.out == "It is free.\n"
    assert captured.err.splitlines() == [
        "[local: It reads like shipping.]",
        "[The approved wording was used.]",
        "[source shipping.cost: Shipping is free.]",
        "[done, local, $0.000012, 40 ms]",
    ]
    assert product.started == [("what does it cost?", None)]
    assert product.closed


def test_an_answer_that_is_withdrawn_is_followed_by_the_other(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    ask(
        Delta(1, "c", "It is "),
        Escalated(1, "c", "It was unsure."),
        Delta(1, "c", "Free.", True),
        FINISHED,
    )
    captured = capsys.readouterr()
    assert captured.out == "It is \n\nFree.\n"
    assert "[It was unsure.]" in captured.err


def test_a_turn_that_fails(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    code, product = ask(Delta(1, "c", "It"), FAILED)
    captured = capsys.readouterr()
    assert (code, captured.out) == (3, "It\n")
    assert captured.err == "firstline: The model failed. Try again.\n"
    assert product.closed


def test_events_for_programs(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = ask(Delta(1, "c", "It"), FAILED, as_json=True)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 3
    assert [line["type"] for line in lines] == ["delta", "failed"]


def test_the_cloud_may_be_asked_for_where_there_is_one(ask: Ask) -> None:
    _, product = ask(FINISHED, cloud=True, key="key")
    assert product.started == [("what does it cost?", Route.CLOUD)]
    with pytest.raises(SettingError, match="No cloud model is connected"):
        ask(FINISHED, cloud=True)


@pytest.mark.real
def test_a_real_turn_behind_the_fences(program: Callable[..., Any], warm_folder: str) -> None:
    done = program(
        "ask", "do you ship to Canada?", "--json", mode="local-only", data_dir=warm_folder, cloud_api_key="key"
    )
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1]["type"] == "finished"
    assert events[-1]["route"] in ("local", "abstain")
    assert events[-1]["text"]

"""The operator's page over a real store: whatever a turn ended as, the page shows it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.middleware.sessions import SessionMiddleware
from starlette.testclient import TestClient

from chatapp.settings import Settings
from chatapp.store import CallRecord, Store, Turn
from chatapp.web import ops
from chatapp.web.access.throttle import FREE_TRIES, Throttle
from chatapp.web.pages import Pages
from chatapp.web.templates import Templates
from router.types import Decision, Mode, Neighbour, Reason, ReasonCode, Route, ScoredFact
from tests.web.conftest import Site, Visit

TOKEN = "open sesame"
FACT = ScoredFact("returns.window", "You have 60 days to send goods back.", 0.91)
DECISION = Decision(
    route=Route.LOCAL,
    mode=Mode.HYBRID,
    category="returns",
    confidence=0.9,
    in_scope=0.97,
    threshold=0.52,
    fact_threshold=0.3,
    facts=(FACT,),
    neighbours=(Neighbour("how long may I keep it", "returns", 0.83),),
    reasons=(Reason(ReasonCode.IN_SCOPE, "This reads like a question about returns."),),
    policy="test",
    candidates=(FACT,),
).as_json() | {"would_change": ["With the threshold at 98 % it would have left."]}
LATER = {"candidates", "needs_context", "no_fact", "answers_well", "answer_threshold", "asked", "would_change"}
EARLIER = {key: value for key, value in DECISION.items() if key not in LATER} | {"leaned": False}
"""What the first release kept of a decision."""

UNDECIDED = re.compile(r'<td class="number">–</td><td class="number quiet">–</td>')


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'ops.db'}") as store:
        store.conversations.ensure_user("ann")
        yield store


@pytest.fixture
def page(store: Store, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """The page's HTML by its query; whatever the page raises, this does."""
    serving = SimpleNamespace(release="pack", router=SimpleNamespace(policy=SimpleNamespace(version="v1")))
    product: Any = SimpleNamespace(
        settings=Settings(data_dir=tmp_path),
        pack=SimpleNamespace(title="Tarn & Tor", categories=(), facts=(), sources={}),
        store=store,
        runner=SimpleNamespace(cloud_connected=True),
        serving=lambda: serving,
    )
    app = FastAPI()
    app.state.pages = Pages(product, Templates())
    app.state.operator_token, app.state.throttle = TOKEN, Throttle()
    app.add_middleware(SessionMiddleware, secret_key="secret")
    app.include_router(ops.router)

    def page(**query: str) -> str:
        answer = client.get("/ops", params=query, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        return answer.text

    with TestClient(app) as client:
        yield page


def begun(store: Store, decision: dict[str, object] | None = None) -> Turn:
    """A turn that runs, in a conversation of its own; routed if there is a decision."""
    turn = store.turns.begin(store.conversations.create("ann").id, "how long may I keep it?")
    if decision is not None:
        store.turns.routed(turn.id, decision, "local", "returns", "v1", 3.0)
    return turn


def call(store: Store, turn: Turn, output_tokens: int, total_ms: float, ttft_ms: float | None) -> None:
    store.ledger.begin(
        CallRecord(
            turn.id,
            turn.conversation_id,
            purpose="answer",
            route="local",
            model="m",
            input_tokens=output_tokens,
            output_tokens=output_tokens,
            cost_microusd=1,
            total_ms=total_ms,
            outcome="ok",
            ttft_ms=ttft_ms,
        )
    )


def answered(store: Store, decision: dict[str, object] | None = DECISION, **more: object) -> Turn:
    sources = [{"id": FACT.id, "text": FACT.text, "probability": FACT.probability}]
    given = {"route": "local", "sources": sources, "ttft_ms": 40.0, "total_ms": 900.0, **more}
    return store.turns.finish(begun(store, decision).id, "done", "60 days.", **given)  # type: ignore[arg-type]


def undecided(store: Store) -> None:
    """Turns that ended before the router had decided: stopped, failed, cut off, deleted."""
    store.turns.finish(begun(store).id, "stopped", "", route="abstain", total_ms=2.0)
    notices = [{"code": "internal", "text": "Something went wrong on our side."}]
    store.turns.finish(begun(store).id, "failed", "", error_code="internal", notices=notices, total_ms=2.0)
    store.owners.interrupt([begun(store).id])
    deleted = begun(store)
    store.conversations.delete("ann", deleted.conversation_id)
    store.turns.finish(deleted.id, "stopped", "", route="abstain", total_ms=2.0)


def decided(store: Store) -> None:
    """Turns with a decision: stopped, failed, cut off, abstained, answered again, deleted."""
    store.turns.finish(begun(store, DECISION).id, "stopped", "60", total_ms=20.0)
    store.turns.finish(begun(store, DECISION).id, "failed", "", error_code="provider_down")
    cut_off = begun(store, DECISION)
    store.turns.save_partial(cut_off.id, "60 d")
    store.owners.interrupt([cut_off.id])
    store.turns.finish(begun(store, DECISION).id, "abstained", "Call us.", route="abstain", total_ms=20.0)
    store.turns.finish(store.turns.begin_again(answered(store).id, "cloud").id, "done", "60 days.", route="cloud")
    store.conversations.delete("ann", answered(store).conversation_id)


def odd(store: Store) -> None:
    """Calls without a token, or without a time; a clock that went backwards."""
    call(store, answered(store, ttft_ms=0.0, total_ms=0.0), 0, 0.0, None)
    call(store, answered(store, ttft_ms=0.0, total_ms=0.0), 20, 0.0, 0.0)
    call(store, answered(store, ttft_ms=50.0, total_ms=-3.0), 20, -3.0, 50.0)


@pytest.mark.parametrize("turns", [undecided, decided, odd])
def test_the_page_shows_every_turn_that_has_ended(
    store: Store, page: Callable[..., str], turns: Callable[[Store], None]
) -> None:
    turns(store)
    running = begun(store)
    ended = list(range(running.id - 1, 0, -1))
    for period in ops.PERIODS:
        assert [int(number) for number in re.findall(r'id="turn-(\d+)"', page(period=period))] == ended


def test_no_turns_in_any_period(page: Callable[..., str]) -> None:
    assert all("No turns yet." in page(period=period) for period in ops.PERIODS)


def test_a_turn_without_a_decision_has_dashes_for_it(store: Store, page: Callable[..., str]) -> None:
    store.turns.finish(begun(store).id, "stopped", "", route="abstain", total_ms=2.0)
    assert UNDECIDED.search(page())
    assert UNDECIDED.search(page(route="abstain", category="unrouted"))


@pytest.mark.parametrize("kept", [DECISION, EARLIER])
def test_a_decision_is_shown_as_far_as_it_was_kept(
    store: Store, page: Callable[..., str], kept: dict[str, object]
) -> None:
    answered(store, kept)
    html = page()
    assert "This reads like a question about returns." in html
    assert '<td class="number">0.97</td><td class="number quiet">0.52</td>' in html
    assert ("What would have changed it" in html) == ("would_change" in kept)


def test_a_decision_without_scores_has_dashes_for_them(store: Store, page: Callable[..., str]) -> None:
    answered(store, {"route": "local"})
    assert UNDECIDED.search(page())


def test_pictures_in_other_sites_pages_use_up_nobodys_tries(site: Site, visit: Visit) -> None:
    client = visit(site(operator_token=TOKEN))
    for n in range(2 * FREE_TRIES):
        picture = client.get("/ops", params={"token": f"guess {n}"}, headers={"Sec-Fetch-Dest": "image"})
        assert picture.status_code == 403
    opened = client.get("/ops", params={"token": TOKEN}, headers={"Sec-Fetch-Dest": "document"})
    assert (opened.status_code, opened.request.url.path) == (200, "/ops")

"""Who is let in as the operator, how often a wrong token may be tried, and what nobody else is told."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from starlette.testclient import TestClient

from chatapp.errors import DatabaseError, FirstlineError
from chatapp.fences import FenceReport, KernelFence
from chatapp.settings import Settings
from chatapp.turn.events import Failed
from chatapp.web import health
from chatapp.web.access.cookies import Sessions
from chatapp.web.access.operator import enter, operator
from chatapp.web.access.origins import Origins
from chatapp.web.access.throttle import FREE_TRIES, LONGEST_S, MOST_CLIENTS, Throttle
from chatapp.web.explain import explain
from chatapp.web.ops import router as ops_router
from chatapp.web.pages import Pages
from chatapp.web.templates import Templates
from router.pack.load import load_pack
from router.types import Mode, Route

TOKEN = "open-sesame"
WHERE = "/srv/firstline/chat.db"
Asked = Callable[..., Any]


def locked() -> DatabaseError:
    """As the store raises it."""
    return DatabaseError(f"The database {WHERE!r} is locked.", "Close what else uses it.", WHERE)


class Clock:
    """Says what it is set to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Broken:
    """A database that is gone."""

    def ping(self) -> None:
        raise locked()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> FastAPI:
    app, settings = FastAPI(), Settings(data_dir=tmp_path, mode=Mode.LOCAL_ONLY, show_machinery=True)
    pack = load_pack("packs/pip")
    fences = FenceReport(
        KernelFence("Landlock", True, "x"), KernelFence("seccomp", True, "y"), ("db.example port 5432",)
    )
    product: Any = SimpleNamespace(
        runner=SimpleNamespace(last_failure=None, closing=False, outbox=SimpleNamespace(waiting=())),
        settings=settings,
        store=SimpleNamespace(database=Broken()),
        backends={Route.LOCAL: SimpleNamespace(model="small")},
        pack=pack,
        serving=lambda: SimpleNamespace(
            release="pack", adapter=None, router=SimpleNamespace(policy=SimpleNamespace(version="v1"))
        ),
        fences=fences,
    )
    app.state.product, app.state.pages = product, Pages(product, Templates())
    app.state.operator_token, app.state.throttle = TOKEN, Throttle(clock)
    app.state.origins = Origins((), SimpleNamespace(tell=lambda _: None))  # type: ignore[arg-type]
    app.add_middleware(Sessions, secret="s" * 32)
    app.add_exception_handler(FirstlineError, explain)
    app.include_router(health.router)

    @app.get("/inside", dependencies=[Depends(operator)])
    def inside() -> str:
        return "in"

    @app.get("/broken")
    def broken() -> None:
        Broken().ping()

    app.router.routes += [route for route in ops_router.routes if "POST" in getattr(route, "methods", ())]
    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, follow_redirects=False) as client:
        yield client


def bearer(token: str, scheme: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{scheme} {token}".strip()}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_token_in_a_header_opens(client: TestClient, scheme: str) -> None:
    assert client.get("/inside", headers=bearer(TOKEN, scheme)).status_code == 200


@pytest.mark.parametrize(
    "header", [TOKEN, f"Basic {TOKEN}", f"Token {TOKEN}", f"Bearer{TOKEN}", "Bearer", "Bearer ", ""]
)
def test_nothing_but_a_bearer_header_opens(client: TestClient, header: str) -> None:
    answer = client.get("/inside", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_the_form_opens_the_session(client: TestClient) -> None:
    answer = client.post("/ops", data={"token": f" {TOKEN} "})
    assert (answer.status_code, answer.headers["location"]) == (303, "/ops")
    assert client.get("/inside").status_code == 200


def test_a_wrong_token_in_the_form_is_told(client: TestClient) -> None:
    answer = client.post("/ops", data={"token": "guess"}, headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert "That is not the operator token." in answer.text
    assert '<form method="post" action="/ops"' in answer.text
    assert client.get("/inside").status_code == 401


def by_header(client: TestClient, token: str) -> Any:
    return client.get("/inside", headers=bearer(token))


def by_form(client: TestClient, token: str) -> Any:
    return client.post("/ops", data={"token": token})


def by_health(client: TestClient, token: str) -> Any:
    return client.get("/healthz", headers=bearer(token))


@pytest.mark.parametrize("ask", [by_header, by_form])
def test_wrong_tokens_are_slowed_down_and_a_right_one_with_them(client: TestClient, clock: Clock, ask: Asked) -> None:
    assert [ask(client, f"guess {n}").status_code for n in range(FREE_TRIES)] == [401] * FREE_TRIES
    refused = ask(client, TOKEN)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "2"
    clock.now += 2
    assert ask(client, "guess").status_code == 401
    assert ask(client, TOKEN).headers["retry-after"] == "4"
    clock.now += 4
    assert ask(client, TOKEN).status_code in (200, 303)
    assert ask(client, "guess").status_code == 401


def test_every_page_that_looks_at_a_header_counts_it_once(client: TestClient) -> None:
    statuses = [by_health(client, "guess").status_code for _ in range(FREE_TRIES)]
    assert set(statuses) == {503}
    assert by_header(client, TOKEN).status_code == 429


def test_a_session_is_not_slowed_down(client: TestClient) -> None:
    by_form(client, TOKEN)
    assert [by_form(client, "guess").status_code for _ in range(FREE_TRIES)] == [401] * FREE_TRIES
    assert client.get("/inside").status_code == 200


def test_a_request_without_a_token_is_no_try(client: TestClient) -> None:
    assert {client.get("/inside").status_code for _ in range(3 * FREE_TRIES)} == {401}
    assert by_header(client, TOKEN).status_code == 200


def test_a_wait_doubles_up_to_its_longest_and_is_each_clients_own(clock: Clock) -> None:
    throttle, waits = Throttle(clock), []
    for _ in range(FREE_TRIES + 12):
        throttle.wrong("192.0.2.7")
        waits.append(throttle.wait_s("192.0.2.7"))
        clock.now += waits[-1]
    assert waits[: FREE_TRIES + 3] == [0] * (FREE_TRIES - 1) + [2, 4, 8, 16]
    assert waits[-1] == LONGEST_S
    assert throttle.wait_s("192.0.2.8") == 0
    throttle.right("192.0.2.7")
    assert throttle.wait_s("192.0.2.7") == 0


def test_the_addresses_of_one_network_are_one_client_and_of_many_few_are_kept(clock: Clock) -> None:
    throttle = Throttle(clock)
    for n in range(FREE_TRIES):
        throttle.wrong(f"2001:db8::{n}")
    assert throttle.wait_s("2001:db8::ffff") == 2
    assert throttle.wait_s("2001:db8:0:1::1") == 0
    for n in range(FREE_TRIES):
        throttle.wrong("::ffff:192.0.2.1" if n % 2 else "192.0.2.1")
    assert throttle.wait_s("192.0.2.1") == 2
    for n in range(MOST_CLIENTS):
        throttle.wrong(f"10.0.{n >> 8}.{n & 255}")
    assert throttle.wait_s("192.0.2.1") == 0


def test_what_is_no_address_is_one_client_whatever_it_says(clock: Clock) -> None:
    throttle = Throttle(clock)
    for n in range(FREE_TRIES):
        throttle.wrong(f"made up {n}" + "x" * 10_000)
    assert throttle.wait_s("made up anew") == 2


def test_tries_made_at_the_same_time_are_no_more_than_one_after_the_other() -> None:
    def slow() -> float:
        time.sleep(0.002)
        return 0.0

    throttle = Throttle(slow)
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: throttle.judge("192.0.2.7", right=False), range(16)))
    assert sorted(waits) == [0] * FREE_TRIES + [2] * (16 - FREE_TRIES)


def test_a_foreign_header_does_not_keep_the_operator_from_the_form(client: TestClient) -> None:
    """A single sign-on before us sends its own bearer token with every request."""
    for n in range(3 * FREE_TRIES):
        client.get("/healthz", headers=bearer(f"of-another-system-{n}"))
    assert by_form(client, TOKEN).status_code == 303
    assert client.get("/inside", headers=bearer("of-another-system")).status_code == 200


def test_tries_of_long_ago_are_forgotten(clock: Clock) -> None:
    throttle = Throttle(clock)
    for _ in range(FREE_TRIES - 1):
        throttle.wrong("192.0.2.7")
    clock.now += 4000
    throttle.wrong("192.0.2.7")
    assert throttle.wait_s("192.0.2.7") == 0


def test_health_tells_anybody_that_the_database_is_gone_and_the_operator_which(client: TestClient) -> None:
    told = client.get("/healthz")
    assert told.status_code == 503
    assert told.json()["database"] == "unavailable"
    assert told.json()["fences"] == {
        "audit_hook": False,
        "landlock": True,
        "landlock_abi": 0,
        "seccomp": True,
        "loop": "asyncio",
        "refused_by_audit_hook": 0,
    }
    whole = client.get("/healthz", headers=bearer(TOKEN)).json()
    assert WHERE in whole["database"]
    assert whole["fences"]["allowed"] == ["db.example port 5432"]


def test_no_address_of_the_database_where_everybody_sees_how_answers_are_made(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    for accept in ("text/html", "application/json"):
        answer = client.get("/broken", headers={"Accept": accept})
        assert answer.status_code == 503
        assert WHERE not in answer.text
    assert WHERE in client.get("/broken", headers=bearer(TOKEN)).text
    assert WHERE in caplog.text
    assert Failed.of(1, "c", locked()).detail == "The database is locked. Close what else uses it."


def test_a_scope_without_a_client_may_try() -> None:
    state = SimpleNamespace(operator_token=TOKEN, throttle=Throttle())
    connection = SimpleNamespace(app=SimpleNamespace(state=state), client=None, session={})
    enter(connection, TOKEN)  # type: ignore[arg-type]
    assert connection.session

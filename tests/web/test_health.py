"""`/healthz` says whether the product can do its job: read, write, and take something new."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from chatapp.backends.pool.pool import Pool
from chatapp.errors import DatabaseError
from chatapp.settings import Settings
from chatapp.store import database
from router.types import Route
from tests.web.conftest import Site, Visit

TOKEN = "of the operator"


def test_a_database_that_takes_nothing_is_told(
    site: Site, visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    monkeypatch.setattr(database, "PROBE_EVERY_S", 0.0)
    client = visit(site())
    assert client.get("/healthz").json()["status"] == "ok"
    other = sqlite3.connect(tmp_path / "firstline.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (503, "degraded")
    other.execute("ROLLBACK")
    assert client.get("/healthz").status_code == 200
    other.close()


def test_a_probe_a_second_does_not_write_a_second(site: Site, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    app = site()
    client = visit(app)
    client.post("/api/conversations")
    store, writes = app.state.product.store, []
    write = store.database.write
    monkeypatch.setattr(store.database, "write", lambda: writes.append(1) or write())
    for _ in range(5):
        assert client.get("/healthz").status_code == 200
    assert writes == []


def test_a_failed_write_is_probed_again_at_once(site: Site, visit: Visit) -> None:
    app = site()
    visit(app).get("/healthz")
    store = app.state.product.store
    with pytest.raises(DatabaseError), store.database.write() as session:
        session.connection().exec_driver_sql("INSERT INTO nothing VALUES (1)")
    assert store.database._wrote_at is None


def test_a_server_that_is_being_stopped_is_not_ready_and_refuses_in_plain_words(site: Site, visit: Visit) -> None:
    app = site()
    client = visit(app)
    talk = client.post("/api/conversations").json()["id"]
    app.state.product.runner.closing = True
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (503, "closing")
    with client.websocket_connect(f"/ws/chat/{talk}", subprotocols=["firstline.v1.json"]) as socket:
        socket.send_json({"text": "hello"})
        refused = socket.receive_json()
    assert (refused["code"], refused["what"]) == ("closing", "The service is being restarted.")


def test_a_probe_may_ask_for_the_head_alone(site: Site, visit: Visit) -> None:
    answer = visit(site()).head("/healthz")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_method_that_is_not_there_is_refused_as_such(site: Site, visit: Visit) -> None:
    answer = visit(site()).post("/ws/chat/x")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.json()["error"]["code"] == "request"


def test_servers_that_answer_locally_are_told_to_the_operator(site: Site, visit: Visit) -> None:
    app = site(operator_token=TOKEN)
    client = visit(app)
    assert client.get("/healthz").json()["local"] == {"state": "ready"}
    url = "http://ann:secret@127.0.0.1:9/v1"
    pool = Pool(Settings(local_base_url=url, local_server_model="small"))
    app.state.product.backends[Route.LOCAL] = pool
    assert client.get("/healthz").json()["local"] == {"state": "ready"}
    asyncio.run(pool.check())
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["local"]) == (200, {"state": "unavailable"})
    told = client.get("/healthz", headers={"Authorization": f"Bearer {TOKEN}"}).json()["local"]
    (server,) = told["servers"]
    assert (server["address"], server["state"], server["running"]) == ("http://127.0.0.1:9/v1", "dead", 0)
    assert "cannot be reached" in server["why"]
    assert told["model"] == "small"
    assert "secret" not in str(told)


def test_the_local_model_says_what_it_is_doing(site: Site, visit: Visit) -> None:
    app = site()
    client = visit(app)
    assert client.get("/healthz").json()["local"]["state"] == "ready"
    app.state.product.backends[Route.LOCAL].state = "failed"
    assert client.get("/healthz").json()["local"]["state"] == "failed"

"""Two readers, two voices: what is the operator's reaches no customer, and the operator gets all of it."""

import ast
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from chatapp import errors
from chatapp.backends.scripted import ScriptedBackend
from chatapp.errors import DatabaseError, FirstlineError, ProviderAuthError, ProviderCutError, UserError, words_of
from chatapp.store.notices import Note, NoticeCode
from chatapp.turn import notices
from chatapp.turn.events import Failed, Reader
from chatapp.web.access import operator
from router.errors import PackError
from tests.web.conftest import Site, Visit

TRACE = (
    "internal-trace-77 sk-live-0123 http://10.0.0.5:8080/v1 gpt-internal",
    "Set FIRSTLINE_CLOUD_API_KEY, or ask the provider.",
)
OPERATORS = re.compile(
    r"internal-trace|sk-live|10\.0\.0\.5|https?://|gpt-|FIRSTLINE_|\bprovider\b|scripted-"
    r"|probability|threshold|in_scope|_ms\b|microusd|cloud_(?:model|failed)|provider_"
    r"|\bferry\.\w|this machine|cloud model|nearest examples",
    re.IGNORECASE,
)
"""What no customer reads: settings, addresses, keys, models, a provider's text, scores, cost, ids of facts."""
TOKEN = "open sesame"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
HTML = {"Accept": "text/html"}
FAILING = [ProviderAuthError(*TRACE)] * 9


def kinds(kind: type[FirstlineError] = FirstlineError) -> Iterator[type[FirstlineError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from kinds(below)


def readable(text: str) -> str:
    """Text without what is an address of our own, or htmx's."""
    return re.sub(r'(?:/ws/chat|/static|/vendor)/[^"\s]*|data-root="[^"]*"', "", text)


def refuse_operators_words(text: str) -> None:
    found = OPERATORS.search(readable(text))
    assert found is None, f"{found and found.group()!r} in {text[:3000]}"


def socket_frames(client: TestClient, conversation: str, text: str, program: bool, headers: Any = None) -> list[str]:
    """What a window gets of one message, up to its end."""
    protocols = ["firstline.v1.json"] if program else None
    frames, ended = [], False
    with client.websocket_connect(
        f"/ws/chat/{conversation}", subprotocols=protocols, headers=dict(headers or {})
    ) as socket:
        if not program:
            frames.append(socket.receive_text())
        socket.send_text(json.dumps({"text": text}))
        while not ended:
            frames.append(socket.receive_text())
            ended = bool(re.search(r'"type": "(finished|failed)"|class="actions"', frames[-1]))
    return frames


def begun(client: TestClient) -> str:
    return str(client.post("/api/conversations").json()["id"])


@pytest.fixture
def failing(site: Site) -> FastAPI:
    """A desk whose cloud fails with the provider's own text."""
    return site(cloud=list(FAILING), operator_token=TOKEN)


@pytest.mark.parametrize("kind", sorted(set(kinds()), key=lambda kind: kind.__name__))
def test_every_error_has_words_for_a_customer(kind: type[FirstlineError]) -> None:
    error = kind(*TRACE)
    told = words_of(error)
    if kind.words is None:
        assert issubclass(kind, UserError)
        assert (told.what, told.hint) == TRACE  # written for the person who made it: see below
        return
    refuse_operators_words(" ".join(told))
    assert told.what.endswith(".")
    if not issubclass(kind, UserError):
        assert "lost" in told.hint or "kept" in told.hint
        assert "a person" in told.hint
    event = Failed.of(1, "c", error)
    refuse_operators_words(json.dumps(event.as_json(Reader.CUSTOMER)))
    refuse_operators_words(event.notice.text)
    whole = event.as_json(Reader.OPERATOR)
    assert (whole["code"], whole["detail"]) == (kind.code, " ".join(TRACE))


@pytest.mark.parametrize("error", [RuntimeError(*TRACE), PackError(*TRACE), OSError(TRACE[0])])
def test_an_error_of_another_tree_says_nothing_of_itself(error: Exception) -> None:
    refuse_operators_words(json.dumps(Failed.of(1, "c", error).as_json(Reader.CUSTOMER)))
    assert TRACE[0] in Failed.of(1, "c", error).detail


def test_what_a_user_did_wrong_is_worded_for_them() -> None:
    users = {kind.__name__ for kind in kinds(UserError)} - {"FrameError"}  # a program's mistake
    rooms = [Path("chatapp/turn/task.py"), Path("chatapp/turn/message.py"), *Path("chatapp/web").glob("*.py")]
    raised = [
        node
        for room in rooms
        for node in ast.walk(ast.parse(room.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in users
    ]
    assert len(raised) > 8
    for call in raised:
        for part in ast.walk(call):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                refuse_operators_words(part.value)


def test_every_notice_is_worded_for_a_customer() -> None:
    found = dict[NoticeCode, str]()
    for room in Path("chatapp").rglob("*.py"):
        for node in ast.walk(ast.parse(room.read_text())):
            match node:
                case ast.Call(args=[ast.Attribute(value=ast.Name(id="NoticeCode"), attr=name), text, *_]):
                    said = (part.value for part in ast.walk(text) if isinstance(part, ast.Constant))
                    found[NoticeCode[name]] = " ".join(map(str, said))
    assert found.keys() == set(NoticeCode)
    for code, text in found.items():
        refuse_operators_words((notices.customer_notice(Note(code, text)) or {}).get("text", ""))
    for text in notices.FOR_CUSTOMERS.values():
        refuse_operators_words(text)


@pytest.mark.parametrize("text", ["when is the first boat", "outside of everything"])
def test_a_customers_program_is_told_what_concerns_a_customer(failing: FastAPI, visit: Visit, text: str) -> None:
    client = visit(failing)
    frames = socket_frames(client, begun(client), text, program=True)
    for frame in frames:
        refuse_operators_words(frame)
    told = [json.loads(frame) for frame in frames]
    ids = {"type", "turn_id", "conversation_id"}
    outside = text.startswith("outside")
    assert told[0] == {key: told[0][key] for key in ids} | {"answered_by": "outside" if outside else "own"}
    fields = {"code", "what", "hint"} if outside else {"status", "answered_by", "notices", "options"}
    assert told[-1].keys() == ids | fields | {"text", "sources"}
    assert all(source.keys() == {"text"} for source in told[-1]["sources"])


def test_the_operators_program_is_told_all(failing: FastAPI, visit: Visit) -> None:
    client = visit(failing)
    told = [json.loads(frame) for frame in socket_frames(client, begun(client), "outside", True, BEARER)]
    assert {"route", "in_scope", "candidates", "policy"} <= told[0].keys()
    assert (told[-1]["code"], told[-1]["detail"]) == ("provider_auth", " ".join(TRACE))


def test_where_the_setting_shows_the_machinery_everybody_is_told(site: Site, visit: Visit) -> None:
    client = visit(site(show_machinery=True))
    conversation = begun(client)
    told = [json.loads(frame) for frame in socket_frames(client, conversation, "when", True)]
    assert told[-1]["cost_microusd"] > 0
    assert "scripted-local" in client.get(f"/turns/{told[-1]['turn_id']}/why").text
    page = client.get(f"/c/{conversation}").text
    assert "answered here" in page
    assert "ferry." in page


@pytest.mark.parametrize("text", ["when is the first boat", "outside of everything"])
def test_no_fragment_of_a_customers_page_has_an_operators_word(failing: FastAPI, visit: Visit, text: str) -> None:
    client = visit(failing)
    conversation = begun(client)
    for frame in socket_frames(client, conversation, text, program=False):
        refuse_operators_words(frame)
    refuse_operators_words(client.get(f"/c/{conversation}").text)
    refuse_operators_words(client.get("/conversations").text)
    refuse_operators_words(client.post("/turns/1/feedback", data={"value": "1"}).text)
    refuse_operators_words(client.get(f"/api/conversations/{conversation}").text)
    refused = client.get("/turns/1/why")
    assert refused.status_code == 403
    refuse_operators_words(refused.text)


def test_a_failure_keeps_the_message_and_offers_a_person_and_the_nearest_text(failing: FastAPI, visit: Visit) -> None:
    client = visit(failing)
    conversation = begun(client)
    html = socket_frames(client, conversation, "outside of everything", program=False)[-1]
    page = client.get(f"/c/{conversation}").text
    fact = failing.state.pages.pack.facts[0]
    for shown in (html, page):
        assert "Your message is kept." in shown
        assert 'href="tel:01632960174"' in shown
        assert 'href="mailto:hello@quillmouthferry.example"' in shown
        assert "daily 6:30 to 19:00" in shown
        assert "Perhaps this helps: from our timetable and fares" in shown
        assert fact.text in shown
        assert "Answered" not in shown


def test_without_a_cloud_the_nearest_text_is_offered_too(site: Site, visit: Visit) -> None:
    app = site()
    client = visit(app)
    conversation = begun(client)
    told = json.loads(socket_frames(client, conversation, "outside", True)[-1])
    assert (told["status"], told["answered_by"]) == ("abstained", "person")
    assert told["sources"] == [{"text": app.state.pages.pack.facts[0].text}]
    page = client.get(f"/c/{conversation}").text
    assert "Perhaps this helps" in page
    assert 'href="tel:01632960174"' in page
    refuse_operators_words(page)


def test_the_operator_reads_it_in_the_log_on_the_pages_and_in_healthz(
    failing: FastAPI, visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    client = visit(failing)
    conversation = begun(client)
    with caplog.at_level(logging.WARNING):
        socket_frames(client, conversation, "outside of everything", program=True)
    assert " ".join(TRACE) in caplog.text
    staff = visit(failing, headers=BEARER)
    thread = staff.get(f"/ops/conversations/{conversation}").text
    for part in ("internal-trace-77", "FIRSTLINE_CLOUD_API_KEY", "Your message is kept.", "scripted-cloud"):
        assert part in thread
    for doing in ("hx-post", "hx-ws:send", "hx-get", "<form", "Try again<"):
        assert doing not in thread
    assert "internal-trace-77" in staff.get("/ops").text
    assert f"/ops/conversations/{conversation}#turn-1" in staff.get("/ops").text
    assert "internal-trace-77" in staff.get("/healthz").json()["last_failure"]["detail"]
    refuse_operators_words(visit(failing).get("/healthz").text)


def test_the_console_is_closed_to_customers(failing: FastAPI, visit: Visit) -> None:
    client = visit(failing)
    conversation = begun(client)
    socket_frames(client, conversation, "outside", program=True)
    for path in ("/ops", f"/ops/conversations/{conversation}"):
        refused = client.get(path, headers=HTML)
        assert refused.status_code == 401
        assert "for our own staff" in refused.text
        refuse_operators_words(refused.text)


def test_the_provider_s_words_are_deleted_with_the_conversation(failing: FastAPI, visit: Visit) -> None:
    client = visit(failing)
    conversation = begun(client)
    socket_frames(client, conversation, "outside of everything", program=True)
    client.post(f"/c/{conversation}/delete")
    failing.state.pages.store.conversations.forget_deleted(after_s=0)
    for file in failing.state.pages.settings.data_dir.glob("firstline.db*"):
        assert b"internal-trace-77" not in file.read_bytes() or file.suffix == ".db-wal"
    with failing.state.pages.store.database.read() as session:
        kept = session.connection().exec_driver_sql("SELECT notices, decision, sources FROM turn").fetchall()
    assert kept
    assert "internal-trace-77" not in str(kept)


def test_a_failure_that_an_earlier_release_stored_is_told_in_a_customers_words(site: Site, visit: Visit) -> None:
    app = site(operator_token=TOKEN)
    client = visit(app)
    conversation, store = begun(client), app.state.pages.store
    turn = store.turns.begin(conversation, "are you there?")
    old = [{"code": "provider_auth", "text": " ".join(TRACE)}]
    store.turns.finish(turn.id, "failed", "", route="cloud", notices=old, error_code="provider_auth")
    page = client.get(f"/c/{conversation}").text
    refuse_operators_words(page)
    assert "Your message is kept." in page
    assert "internal-trace-77" in visit(app, headers=BEARER).get(f"/ops/conversations/{conversation}").text


def test_an_answer_says_where_it_comes_from_and_who_gave_it(site: Site, visit: Visit) -> None:
    app = site(local=lambda request: request.messages[-1].content, cloud=["A tale of the sea."])
    client = visit(app)
    conversation = begun(client)
    html = socket_frames(client, conversation, "when is the first boat", program=False)[-1]
    fact = app.state.pages.pack.facts[0].text
    assert html.partition("</article>")[0].count(fact[:30]) == 1, "what is said word for word is not shown twice"
    assert "Word for word from our timetable and fares" in html
    assert "Answered by our own assistant, an AI" in html
    assert "Was this helpful?" in html
    outside = socket_frames(client, conversation, "outside of the sea", program=False)[-1]
    assert "Answered with an outside AI service" in outside
    assert "From our" not in outside


def test_an_answer_in_the_models_words_opens_its_approved_text(site: Site, visit: Visit) -> None:
    app = site()
    client = visit(app)
    conversation, store = begun(client), app.state.pages.store
    fact = app.state.pages.pack.facts[0]
    turn = store.turns.begin(conversation, "when is the first boat?")
    decision = {"facts": [{"id": fact.id, "text": fact.text}], "asked": 1}
    store.turns.routed(turn.id, decision, "local", fact.category, "p1", 1.0)
    store.turns.finish(turn.id, "done", "Early.", route="local", sources=[{"id": fact.id, "text": fact.text}])
    page = client.get(f"/c/{conversation}").text
    assert re.search(r"<details class=\"source\">\s*<summary><span>From our timetable and fares</span>", page)
    assert fact.text in page
    assert fact.id not in page


@pytest.mark.parametrize(
    ("path", "error", "status"),
    [
        ("/", RuntimeError(*TRACE), 500),
        ("/", DatabaseError(*TRACE), 503),
        ("/nowhere", None, 404),
        ("/c/none", None, 404),
    ],
)
def test_an_error_page_speaks_to_its_reader(
    site: Site, visit: Visit, monkeypatch: pytest.MonkeyPatch, path: str, error: Exception | None, status: int
) -> None:
    app = site(operator_token=TOKEN)
    if error:
        monkeypatch.setattr(app.state.pages.store.conversations, "of", lambda *_: (_ for _ in ()).throw(error))
    page = visit(app, raise_server_exceptions=False).get(path, headers=HTML)
    assert page.status_code == status
    assert "content-security-policy" in page.headers
    assert 'href="tel:01632960174"' in page.text
    refuse_operators_words(page.text)
    refuse_operators_words(visit(app, raise_server_exceptions=False).get(path).text)
    if error:
        staff = visit(app, raise_server_exceptions=False, headers=HTML | BEARER).get(path)
        assert "internal-trace-77" in staff.text


def test_one_place_decides_who_reads() -> None:
    """Pages, fragments, the API and the socket ask `reader_of`, and nobody else reads the setting."""
    asking = [room.name for room in Path("chatapp").rglob("*.py") if ".show_machinery" in room.read_text()]
    assert sorted(asking) == ["operator.py", "serve.py"]
    assert operator.reader_of.__name__ == "reader_of"
    assert errors.words_for("message") is None


def test_a_broken_off_answer_is_told_so(site: Site, visit: Visit) -> None:
    client = visit(site(cloud=[(["Half ", "an "], ProviderCutError(*TRACE))]))
    conversation = begun(client)
    html = socket_frames(client, conversation, "outside", program=False)[-1]
    assert "Half an" in html
    assert "The answer broke off in the middle. What had come is kept." in html
    assert "Perhaps this helps" not in html
    refuse_operators_words(html)


def test_the_scripted_backend_is_named_so() -> None:
    assert ScriptedBackend(name="cloud").model.startswith("scripted-"), "OPERATORS looks for it"

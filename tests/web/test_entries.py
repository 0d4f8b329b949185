"""Whatever comes in, by path, query, form, header or frame: a clear no, never a fault, and no socket dies of it."""

import json
from collections.abc import Callable, Iterator
from urllib.parse import quote_from_bytes

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from chatapp.characters import storable, within_bytes
from tests.web.conftest import Site, Visit

TOKEN = "the operators own"
JSON = ["firstline.v1.json"]
EMOJI = "🏕️" * 60

ODD = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from([b"\0", b"\xff\xfe", b"\xed\xa0\x80", EMOJI.encode(), b"..", b"%", b"?#", b"a" * 5000]),
)
IN_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=80),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
FRAMES = st.dictionaries(st.sampled_from(["text", "action", "client_id", "turn", "body", "x"]), IN_JSON, max_size=4)
odd = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def app(site: Site) -> FastAPI:
    return site(operator_token=TOKEN)


@pytest.fixture
def client(app: FastAPI, visit: Visit) -> TestClient:
    """A browser that would hear of an exception; it is the operator's, too."""
    client = visit(app)
    client.post("/ops", data={"token": TOKEN})
    return client


@pytest.fixture
def talk(client: TestClient) -> str:
    made: str = client.post("/api/conversations").json()["id"]
    return made


PATHS: list[Callable[[str], str]] = [
    lambda odd: f"/c/{odd}",
    lambda odd: f"/api/conversations/{odd}",
    lambda odd: f"/ops/conversations/{odd}",
    lambda odd: f"/turns/{odd}/why",
    lambda odd: f"/{odd}",
    lambda odd: f"/static/{odd}",
    lambda odd: f"/conversations?find={odd}&current={odd}",
    lambda odd: f"/api/conversations?find={odd}",
    lambda odd: f"/ops?route={odd}&category={odd}&period={odd}&before={odd}",
    lambda odd: f"/ops?token={odd}",
]


@odd
@given(given=ODD, path=st.sampled_from(PATHS))
def test_an_odd_address_is_a_clear_no(client: TestClient, given: bytes, path: Callable[[str], str]) -> None:
    answer = client.get(path(quote_from_bytes(given, safe="")), follow_redirects=False)
    assert answer.status_code < 500


@odd
@given(
    given=ODD,
    charset=st.sampled_from(
        ["utf-8", "utf-16", "unicode_escape", "raw_unicode_escape", "rot13", "punycode", "nonsense"]
    ),
    where=st.sampled_from(["rename", "ops", "feedback"]),
)
def test_an_odd_form_is_a_clear_no(client: TestClient, talk: str, given: bytes, charset: str, where: str) -> None:
    path, field = {
        "rename": (f"/c/{talk}/rename", "title"),
        "ops": ("/ops", "token"),
        "feedback": ("/turns/1/feedback", "value"),
    }[where]
    body = b'--x\r\nContent-Disposition: form-data; name="' + field.encode() + b'"\r\n\r\n' + given + b"\r\n--x--\r\n"
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    for content, content_type in ((body, kind), (field.encode() + b"=" + given, "application/x-www-form-urlencoded")):
        headers = {"content-type": content_type}
        answer = client.post(path, content=content, headers=headers, follow_redirects=False)
        assert answer.status_code < 500
    assert client.get("/conversations").status_code == 200


HEADERS = [
    "Origin",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-For",
    "Cookie",
    "Authorization",
    "Accept",
    "Host",
]


@odd
@given(name=st.sampled_from(HEADERS), value=ODD)
def test_an_odd_header_is_a_clear_no(client: TestClient, name: str, value: bytes) -> None:
    value = bytes(byte for byte in value if byte not in b"\r\n\0").strip() or b"http://["
    for answer in (
        client.get("/conversations", headers={name.encode(): value}),
        client.post("/api/conversations", headers={name.encode(): value}),
    ):
        assert answer.status_code < 500


@odd
@given(frames=st.lists(FRAMES.map(json.dumps) | st.text(max_size=40), max_size=4))
def test_an_odd_frame_ends_no_socket(client: TestClient, talk: str, frames: list[str]) -> None:
    with client.websocket_connect(f"/ws/chat/{talk}", subprotocols=JSON) as socket:
        for frame in frames:
            socket.send_text(frame)
        socket.send_text('{"action": "are you there"}')
        while "are you there" not in (told := socket.receive_json()).get("what", ""):
            assert told["type"]


@pytest.mark.parametrize("name", [EMOJI, "%00", "%ff%fe", "%ED%A0%80", "x" * 3000])
def test_a_conversation_that_cannot_be_is_not_found(client: TestClient, name: str) -> None:
    with client.websocket_connect(f"/ws/chat/{name}", subprotocols=JSON) as socket:
        assert socket.receive_json()["code"] == "not_found"
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 4404
    assert len(closed.value.reason.encode()) <= 123
    assert client.get(f"/c/{name}").status_code == 404


@pytest.fixture
def socket(client: TestClient, talk: str) -> Iterator[object]:
    with client.websocket_connect(f"/ws/chat/{talk}", subprotocols=JSON) as socket:
        yield socket


@pytest.mark.parametrize("key", ["k" * 65, 17, ["k"], {"a": 1}, True, "a\ud800b", "a\0b"])
def test_a_key_that_cannot_be_kept_whole_is_refused_and_nothing_stored(
    client: TestClient, talk: str, socket: object, key: object
) -> None:
    socket.send_text(json.dumps({"text": "Hello", "client_id": key}))  # type: ignore[attr-defined]
    told = socket.receive_json()  # type: ignore[attr-defined]
    assert (told["type"], told["code"], told["turn_id"]) == ("failed", "frame", 0)
    assert "client_id" in told["what"]
    assert client.get(f"/api/conversations/{talk}").json()["turns"] == []


def test_two_keys_that_differ_only_at_their_end_are_two_messages(client: TestClient, talk: str, socket: object) -> None:
    keys = ["k" * 63 + last for last in "ab"]
    for key in keys:
        socket.send_json({"text": f"Hello {key[-1]}", "client_id": key})  # type: ignore[attr-defined]
    taken = []
    while len(taken) < 2:
        told = socket.receive_json()  # type: ignore[attr-defined]
        taken += [told["client_id"]] if told["type"] == "taken" else []
    assert taken == keys
    assert len(client.get(f"/api/conversations/{talk}").json()["turns"]) == 2


@pytest.mark.parametrize("turn", [1.5, True, "1_0", "٣", " 1", "", None, [1], -1, 0, 2**31, "9" * 400])
def test_a_turn_is_named_by_its_number(socket: object, turn: object) -> None:
    socket.send_json({"action": "again", "turn": turn})  # type: ignore[attr-defined]
    assert socket.receive_json()["code"] == "frame"  # type: ignore[attr-defined]


def test_a_fault_of_ours_ends_no_socket(app: FastAPI, socket: object, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> int:
        raise RuntimeError("internal-trace-77")

    monkeypatch.setattr(app.state.product.runner, "start", broken)
    socket.send_json({"text": "Hello"})  # type: ignore[attr-defined]
    told = socket.receive_json()  # type: ignore[attr-defined]
    assert told["code"] == "internal"
    socket.send_json({"action": "are you there"})  # type: ignore[attr-defined]
    assert "are you there" in socket.receive_json()["what"]  # type: ignore[attr-defined]


def test_what_a_provider_sends_can_be_sent_on(site: Site, visit: Visit) -> None:
    client = visit(site(cloud=["an \ud800 odd \0 answer"]), headers={})
    talk = client.post("/api/conversations").json()["id"]
    with client.websocket_connect(f"/ws/chat/{talk}", subprotocols=JSON) as socket:
        socket.send_json({"text": "outside of everything"})
        while (told := socket.receive_json())["type"] not in ("finished", "failed"):
            pass
    assert told["text"] == "an \ufffd odd \ufffd answer"
    assert client.get(f"/c/{talk}").status_code == 200


@given(st.text(st.characters(exclude_categories=())))
def test_what_is_storable_can_be_stored_and_stays(text: str) -> None:
    once = storable(text)
    once.encode()
    assert "\0" not in once
    assert storable(once) == once


@given(st.text(), st.integers(0, 200))
def test_a_cut_by_bytes_cuts_no_character(text: str, most: int) -> None:
    cut = within_bytes(text, most)
    assert text.startswith(cut)
    assert len(cut.encode()) <= most
    assert len(text) == len(cut) or len((cut + text[len(cut)]).encode()) > most

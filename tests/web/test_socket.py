"""What goes over the chat socket, in both of its languages."""

import json
import re

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from chatapp.backends.scripted import ScriptedBackend
from router.pack.load import load_pack
from tests.web.conftest import Site, Visit
from tests.web.talk import JSON, begun, events, opened, say, turns, until

LOCAL = "when is the first boat?"
FACT = load_pack("packs/pip").facts[0]
LONG = " ".join(f"word{number}" for number in range(30))


@pytest.fixture
def client(site: Site, visit: Visit) -> TestClient:
    """A program's client, told how answers are made."""
    return visit(site(lambda _: FACT.text, cloud=lambda _: "A tale of the sea.", show_machinery=True))


@pytest.fixture
def slow(site: Site, visit: Visit) -> TestClient:
    """The same, over a cloud model that takes a second for an answer."""
    return visit(site(cloud=ScriptedBackend(lambda _: LONG, "cloud", delay_s=0.04), show_machinery=True))


def test_a_question_is_answered_from_its_fact(client: TestClient) -> None:
    with opened(client) as socket:
        told = say(socket, LOCAL)
    assert {event["type"] for event in told} == {"routed", "delta", "finished"}
    routed, finished = told[0], told[-1]
    assert (routed["route"], routed["category"]) == ("local", FACT.category)
    assert "".join(event["text"] for event in told if event["type"] == "delta") == finished["text"] == FACT.text
    assert [source["id"] for source in finished["sources"]] == [FACT.id]
    assert finished["cost_microusd"] > 0
    assert finished["total_ms"] >= finished["ttft_ms"] > 0


def test_a_message_that_no_category_is_for_goes_to_the_cloud_and_is_booked(client: TestClient) -> None:
    conversation = begun(client)
    with opened(client, conversation) as socket:
        told = say(socket, "outside of everything")
    assert (told[0]["route"], told[-1]["route"]) == ("cloud", "cloud")
    assert "".join(event["text"] for event in told if event["type"] == "delta") == told[-1]["text"]
    (stored,) = turns(client, conversation)
    (call,) = stored["calls"]
    assert (call["model"], call["purpose"], call["outcome"]) == ("scripted-cloud", "answer", "ok")
    assert stored["cost_microusd"] == call["cost_microusd"] == told[-1]["cost_microusd"] > 0


def test_stop_keeps_what_came(slow: TestClient) -> None:
    conversation = begun(slow)
    with opened(slow, conversation) as socket:
        socket.send_json({"text": "outside of everything"})
        for _ in range(3):
            until(socket, "delta")
        socket.send_json({"action": "stop"})
        ended = events(socket)[-1]
    assert (ended["type"], ended["status"]) == ("finished", "stopped")
    (stored,) = turns(slow, conversation)
    assert (stored["status"], stored["answer"]) == ("stopped", ended["text"])
    assert ended["text"].startswith("word0 word1 word2")
    assert ended["text"] != LONG
    assert stored["cost_microusd"] > 0


def test_stop_where_nothing_runs_is_nothing(client: TestClient) -> None:
    with opened(client) as socket:
        socket.send_json({"action": "stop"})
        socket.send_json({"action": "ping"})
        assert socket.receive_json() == {"type": "pong"}


def test_a_second_message_waits_while_one_is_answered_and_is_answered_next(slow: TestClient) -> None:
    with opened(slow) as socket:
        socket.send_json({"text": "outside of everything"})
        until(socket, "delta")
        socket.send_json({"text": LOCAL})
        queued = until(socket, "queued")
        assert queued["ahead"] == 1
        socket.send_json({"action": "stop"})
        first, second = events(socket)[-1], events(socket)[-1]
    assert (first["status"], second["status"], second["turn_id"]) == ("stopped", "done", queued["turn_id"])


BAD = [
    ("", "frame"),
    ("not json", "frame"),
    ("[1, 2]", "frame"),
    ("[" * 100_000, "frame"),
    ("{}", "message"),
    ('{"text": ""}', "message"),
    ('{"text": "  \\u0000 \\u0007 "}', "message"),
    ('{"text": 7}', "message"),
    (json.dumps({"text": "x" * 1_000_000}), "message"),
    ('{"action": "dance"}', "frame"),
    ('{"action": "again", "turn": "x"}', "frame"),
    ('{"action": "again", "turn": 999999}', "not_found"),
    ('{"action": "again", "turn": 1e999}', "frame"),
    ('{"action": "again", "turn": 99999999999999999999999}', "frame"),
    ('{"action": "cloud", "turn": 999999}', "not_found"),
    (b"\xff\xfe\x00binary", "frame"),
]


@pytest.mark.parametrize("program", [True, False])
def test_a_bad_frame_gets_a_clear_error_and_the_socket_lives(client: TestClient, program: bool) -> None:
    protocols = JSON if program else None
    with client.websocket_connect(f"/ws/chat/{begun(client)}", subprotocols=protocols) as socket:
        if not program:
            socket.receive_text()
        for frame, code in BAD:
            socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_text(frame)
            told = socket.receive_text()
            if program:
                failed = json.loads(told)
                assert (failed["type"], failed["code"], failed["turn_id"]) == ("failed", code, 0)
                assert failed["what"]
                assert failed["hint"]
            else:
                assert re.search(r'hx-target="#trouble"[^>]*><p>[^<]+\.', told), frame
        socket.send_json({"text": "outside of everything"})
        assert any("A tale of the sea." in socket.receive_text() for _ in range(20))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("🏕️🏕️🏕️", "🏕️🏕️🏕️"),
        ("\ud800 lone", "\ufffd lone"),
        ("**bold** `code`", "**bold** `code`"),
        ("a\u202eb", "ab"),
        ("x" * 7_999, "x" * 7_999),
    ],
)
def test_odd_text_is_taken_and_kept(client: TestClient, text: str, kept: str) -> None:
    conversation = begun(client)
    with opened(client, conversation) as socket:
        assert say(socket, text)[0]["type"] == "routed"
    assert turns(client, conversation)[0]["user"] == kept
    page = client.get(f"/c/{conversation}").text
    assert "<script>alert" not in page


def test_a_conversation_that_is_not_yours_is_not_there(site: Site, visit: Visit) -> None:
    app = site()
    mine, stranger = begun(visit(app)), visit(app)
    begun(stranger)
    for conversation in (mine, "no-such-conversation"):
        with opened(stranger, conversation) as socket:
            assert socket.receive_json()["code"] == "not_found"
            with pytest.raises(WebSocketDisconnect) as closed:
                socket.receive_json()
        assert closed.value.code == 4404
        assert stranger.get(f"/api/conversations/{conversation}").status_code == 404
        assert stranger.get(f"/c/{conversation}").status_code == 404
        assert stranger.post(f"/c/{conversation}/delete").status_code == 404
        assert stranger.post(f"/c/{conversation}/rename", data={"title": "Mine now"}).status_code == 404
        assert stranger.post(f"/c/{conversation}", data={"text": "hello"}).status_code == 404


def test_another_users_turn_is_not_there(site: Site, visit: Visit) -> None:
    app = site(show_machinery=True)
    owner, stranger = visit(app), visit(app)
    with opened(owner) as socket:
        turn = say(socket, LOCAL)[-1]["turn_id"]
    assert owner.get(f"/turns/{turn}/why").status_code == 200
    assert stranger.get(f"/turns/{turn}/why").status_code == 404
    assert stranger.post(f"/turns/{turn}/feedback", data={"value": "1"}).status_code == 404
    with opened(stranger) as socket:
        socket.send_json({"action": "again", "turn": turn})
        assert socket.receive_json()["code"] == "not_found"


def test_the_same_client_id_is_answered_once(client: TestClient) -> None:
    conversation = begun(client)
    with opened(client, conversation) as socket:
        told = say(socket, LOCAL, client_id="once")
        assert [event["type"] for event in told].count("taken") == 1
        socket.send_json({"text": LOCAL, "client_id": "once"})
        assert socket.receive_json() == {"type": "taken", "client_id": "once"}
        socket.send_json({"action": "ping"})
        assert socket.receive_json() == {"type": "pong"}
    assert len(turns(client, conversation)) == 1


def test_a_lost_socket_loses_nothing(slow: TestClient) -> None:
    conversation = begun(slow)
    with opened(slow, conversation) as socket:
        socket.send_json({"text": "outside of everything"})
        until(socket, "delta")
    with opened(slow, conversation) as socket:
        told = events(socket)
    assert told[0]["type"] == "routed"
    assert (told[-1]["type"], told[-1]["status"], told[-1]["text"]) == ("finished", "done", LONG)
    assert "".join(event["text"] for event in told if event["type"] == "delta") == LONG


def test_two_windows_are_told_the_same(slow: TestClient) -> None:
    conversation = begun(slow)
    with opened(slow, conversation) as one, opened(slow, conversation) as other:
        one.send_json({"text": "outside of everything"})
        first, second = events(one), events(other)
    assert [event for event in first if event["type"] != "taken"] == second


def test_again_and_the_cloud_replace_the_answer(client: TestClient) -> None:
    conversation = begun(client)
    with opened(client, conversation) as socket:
        first = say(socket, LOCAL)[-1]
        socket.send_json({"action": "again", "turn": first["turn_id"]})
        second = events(socket)[-1]
        socket.send_json({"action": "cloud", "turn": second["turn_id"]})
        third = events(socket)
    assert (second["route"], third[0]["route"]) == ("local", "cloud")
    assert third[0]["reasons"][0]["code"] == "forced"
    assert [turn["turn_id"] for turn in turns(client, conversation)] == [third[-1]["turn_id"]]


def test_without_a_cloud_none_can_be_asked(site: Site, visit: Visit) -> None:
    with opened(visit(site())) as socket:
        turn = say(socket, LOCAL)[-1]["turn_id"]
        socket.send_json({"action": "cloud", "turn": turn})
        refused = socket.receive_json()
    assert (refused["type"], refused["code"]) == ("failed", "not_allowed")


def test_a_window_of_the_page_is_kept_up_to_date(client: TestClient) -> None:
    """From the empty thread to the answer with its rail, buttons and words for a screen reader."""
    with client.websocket_connect(f"/ws/chat/{begun(client)}") as socket:
        assert 'hx-target="#turns" hx-swap="outerMorph"' in socket.receive_text()
        socket.send_json({"body": {"text": "outside of everything", "client_id": "one"}})
        frames = [socket.receive_text()]
        while "A tale of the sea." not in frames[-1] or 'hx-target="#rail-list"' not in frames[-1]:
            frames.append(socket.receive_text())
    begins = next(frame for frame in frames if 'hx-target="#turns" hx-swap="beforeend"' in frame)
    assert 'hx-target="#empty" hx-swap="delete"' in begins
    assert 'id="stop"' in begins
    assert '<hx-partial hx-target="#taken" hx-swap="textContent">one</hx-partial>' in frames
    ends = frames[-1]
    assert 'id="stop"' not in ends
    assert '<hx-partial hx-target="#announce" hx-swap="textContent">A tale of the sea.</hx-partial>' in ends
    assert ends.count("outside of everything") >= 2, "in the turn and in the rail"


def test_a_window_that_opens_in_the_middle_gets_what_is_there(slow: TestClient) -> None:
    conversation = begun(slow)
    with opened(slow, conversation) as program:
        program.send_json({"text": "outside of everything"})
        until(program, "delta")
        with slow.websocket_connect(f"/ws/chat/{conversation}") as window:
            frame = window.receive_text()
        events(program)
    assert "word0" in frame
    assert 'aria-busy="true"' in frame
    assert 'id="stop"' in frame


def test_a_page_of_another_site_opens_no_socket(client: TestClient) -> None:
    conversation = begun(client)
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(f"/ws/chat/{conversation}", headers={"Origin": "https://evil.example"}),
    ):
        pass
    assert refused.value.code == 4403

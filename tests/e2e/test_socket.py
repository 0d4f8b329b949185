"""A program's conversation with the real server over its WebSocket."""

import asyncio
import json

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from bench.client import Client, events, say
from bench.processes import Served

LOCAL = "how many days do i have to send something back?"
OUT_OF_SCOPE = "write me a long poem about the sea and the moon, at least twenty lines"


async def test_a_local_question_is_answered_from_its_fact(client: Client) -> None:
    async with client.socket(client.create()) as socket:
        told = await say(socket, LOCAL)
    kinds = [event["type"] for event in told]
    assert kinds[0] == "routed"
    assert kinds[-1] == "finished"
    assert "delta" in kinds
    assert told[0]["route"] == "local"
    assert told[0]["category"] == "returns"
    assert told[-1]["sources"][0]["id"].startswith("returns.")
    assert "60" in told[-1]["text"]
    assert told[-1]["cost_microusd"] > 0


async def test_an_edge_message_goes_to_the_cloud_and_is_booked(client: Client) -> None:
    conversation = client.create()
    async with client.socket(conversation) as socket:
        told = await say(socket, "my landlord kept my deposit, draft a claim for small claims court")
    assert told[0]["route"] == "cloud"
    assert told[-1]["type"] == "finished"
    assert told[-1]["route"] == "cloud"
    assert told[-1]["text"] == "".join(e["text"] for e in told if e["type"] == "delta").strip()
    assert told[-1]["cost_microusd"] > 0


async def test_stop_keeps_what_came(client: Client) -> None:
    conversation = client.create()
    async with client.socket(conversation) as socket:
        await socket.send(json.dumps({"text": OUT_OF_SCOPE}))
        told = []
        async for event in events(socket):
            told.append(event)
            if sum(e["type"] == "delta" for e in told) == 3:
                await socket.send(json.dumps({"action": "stop"}))
    assert told[-1]["type"] == "finished"
    assert told[-1]["status"] == "stopped"
    stored = client.http.get(f"/api/conversations/{conversation}").json()["turns"][0]
    assert stored["status"] == "stopped"
    assert stored["answer"] == told[-1]["text"] != ""
    assert stored["cost_microusd"] > 0


async def test_a_second_message_while_one_is_answered_waits_and_is_answered_next(client: Client) -> None:
    conversation = client.create()
    async with client.socket(conversation) as socket:
        await socket.send(json.dumps({"text": OUT_OF_SCOPE}))
        while json.loads(await socket.recv())["type"] != "delta":
            pass
        await socket.send(json.dumps({"text": LOCAL}))
        while (told := json.loads(await socket.recv()))["type"] != "queued":
            pass
        assert told["ahead"] == 1
        await socket.send(json.dumps({"action": "stop"}))
        first, second = [[event async for event in events(socket)][-1] for _ in range(2)]
    assert (first["status"], second["status"], second["turn_id"]) == ("stopped", "done", told["turn_id"])


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", "frame"),
        ("not json", "frame"),
        ("[1, 2]", "frame"),
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
        (b"\xff\xfe\x00binary", "frame"),
    ],
)
async def test_a_bad_frame_gets_a_clear_error_and_the_socket_lives(
    client: Client, frame: str | bytes, code: str
) -> None:
    async with client.socket(client.create()) as socket:
        await socket.send(frame)
        told = json.loads(await socket.recv())
        assert told["type"] == "failed"
        assert told["code"] == code
        assert told["what"]
        assert told["hint"]
        assert (await say(socket, LOCAL))[-1]["type"] == "finished"


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "🏕️🏕️🏕️", "\ud800 lone", "**bold** `code`", "a\u202eb", "x" * 7_999]
)
async def test_odd_text_is_taken_and_kept(client: Client, text: str) -> None:
    conversation = client.create()
    async with client.socket(conversation) as socket:
        told = await say(socket, text)
    assert told[0]["type"] == "routed"
    stored = client.http.get(f"/api/conversations/{conversation}").json()["turns"][0]["user"]
    assert stored
    assert "\u202e" not in stored


async def test_a_conversation_that_is_not_yours_is_not_there(product: Served, client: Client) -> None:
    mine, stranger = client.create(), Client(product.url)
    stranger.create()
    for conversation in (mine, "no-such-conversation"):
        async with stranger.socket(conversation) as socket:
            assert json.loads(await socket.recv())["code"] == "not_found"
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        assert stranger.http.get(f"/api/conversations/{conversation}").status_code == 404
    stranger.close()


async def test_the_same_client_id_is_answered_once(client: Client) -> None:
    conversation = client.create()
    async with client.socket(conversation) as socket:
        told = await say(socket, LOCAL, client_id="once")
        assert [event["type"] for event in told].count("taken") == 1
        await socket.send(json.dumps({"text": LOCAL, "client_id": "once"}))
        assert json.loads(await socket.recv()) == {"type": "taken", "client_id": "once"}
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 1)
    assert len(client.http.get(f"/api/conversations/{conversation}").json()["turns"]) == 1


async def test_a_lost_socket_loses_nothing(client: Client) -> None:
    conversation = client.create()
    async with client.socket(conversation) as socket:
        await socket.send(json.dumps({"text": OUT_OF_SCOPE}))
        await socket.recv()
    async with client.socket(conversation) as socket:
        told = [event async for event in events(socket)]
    assert told[0]["type"] == "routed"
    assert told[-1]["type"] == "finished"
    assert told[-1]["status"] == "done"


async def test_again_and_the_cloud_replace_the_answer(client: Client) -> None:
    conversation = client.create()
    async with client.socket(conversation) as socket:
        first = (await say(socket, LOCAL))[-1]
        await socket.send(json.dumps({"action": "again", "turn": first["turn_id"]}))
        second = [event async for event in events(socket)][-1]
        await socket.send(json.dumps({"action": "cloud", "turn": second["turn_id"]}))
        third = [event async for event in events(socket)]
    assert third[0]["route"] == "cloud"
    assert third[0]["reasons"][0]["code"] == "forced"
    turns = client.http.get(f"/api/conversations/{conversation}").json()["turns"]
    assert [turn["turn_id"] for turn in turns] == [third[-1]["turn_id"]]


async def test_two_users_at_once_get_their_own_answers(product: Served) -> None:
    questions = {"how much is express delivery?": "9.90", LOCAL: "60"}

    async def one(text: str) -> str:
        client = Client(product.url)
        async with client.socket(client.create()) as socket:
            answer: str = (await say(socket, text))[-1]["text"]
        client.close()
        return answer

    wanted = list(questions) * 4
    answers = await asyncio.gather(*map(one, wanted))
    for text, answer in zip(wanted, answers, strict=True):
        assert questions[text] in answer


def test_healthz(product: Served) -> None:
    body = httpx.get(f"{product.url}/healthz").json()
    assert body["status"] == "ok"
    assert body["mode"] == "hybrid"
    assert body["local"]["state"] == "ready"
    assert body["cloud"]["state"] == "connected"


def test_the_session_cookie_is_http_only(product: Served) -> None:
    cookie = httpx.post(f"{product.url}/api/conversations").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_another_sites_page_is_refused(product: Served) -> None:
    answer = httpx.post(f"{product.url}/api/conversations", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_errors_have_one_shape(product: Served) -> None:
    for path in (
        "/api/conversations/none",
        "/nowhere",
        "/turns/77/why",
        "/turns/x/why",
        "/turns/99999999999999999999/why",
    ):
        error = httpx.get(product.url + path).json()["error"]
        assert set(error) == {"code", "what", "hint"}

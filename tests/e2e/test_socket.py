"""A program's conversation over a real WebSocket: with the whole product, and with a scripted one for what wires do."""

import asyncio
import json

import pytest

from bench.client import Client, events, say
from bench.processes import Served
from tests.e2e.desk import Desk

LOCAL = "how many days do i have to send something back?"
OUTSIDE = "write me a long poem about the sea and the moon, at least twenty lines"


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


async def test_a_message_out_of_scope_goes_to_the_cloud_and_is_booked(client: Client) -> None:
    conversation = client.create()
    async with client.socket(conversation) as socket:
        told = await say(socket, "my landlord kept my deposit, draft a claim for small claims court")
    assert told[0]["route"] == "cloud"
    assert told[-1]["type"] == "finished"
    assert told[-1]["route"] == "cloud"
    assert told[-1]["text"] == "".join(e["text"] for e in told if e["type"] == "delta").strip()
    assert told[-1]["cost_microusd"] > 0


async def test_stop_ends_the_cloud_models_stream_and_keeps_what_came(client: Client) -> None:
    conversation = client.create()
    async with client.socket(conversation) as socket:
        await socket.send(json.dumps({"text": OUTSIDE}))
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


async def test_two_users_at_once_get_their_own_answers(product: Served) -> None:
    questions = {"how much is express delivery?": "9.90", LOCAL: "60"}

    async def one(text: str) -> str:
        client = Client(product.url)
        async with client.socket(client.create()) as socket:
            answer: str = (await say(socket, text))[-1]["text"]
        client.close()
        return answer

    wanted = list(questions) * 2
    answers = await asyncio.gather(*map(one, wanted))
    for text, answer in zip(wanted, answers, strict=True):
        assert questions[text] in answer


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (json.dumps({"text": "x" * 1_000_000}), "message"),
        (b"\xff\xfe\x00binary", "frame"),
        ("", "frame"),
    ],
)
async def test_an_odd_frame_crosses_the_wire_and_the_socket_lives(desk: Desk, frame: str | bytes, code: str) -> None:
    client = Client(desk.url)
    async with client.socket(client.create()) as socket:
        await socket.send(frame)
        told = json.loads(await socket.recv())
        assert (told["type"], told["code"]) == ("failed", code)
        assert (await say(socket, "outside \ud800 lone"))[-1]["type"] == "finished"
    client.close()


async def test_a_socket_that_is_gone_loses_nothing(desk: Desk) -> None:
    client = Client(desk.url)
    conversation = client.create()
    async with client.socket(conversation) as socket:
        await socket.send(json.dumps({"text": "outside slow"}))
        while json.loads(await socket.recv())["type"] != "delta":
            pass
    async with client.socket(conversation) as socket:
        desk.gate.set()
        told = [event async for event in events(socket)]
    assert (told[-1]["type"], told[-1].get("status", "done")) == ("finished", "done")
    assert told[-1]["text"].endswith("some more of them.")
    client.close()

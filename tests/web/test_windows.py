"""Windows that cannot be kept up to date are closed with a reason, and come back for the whole."""

from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from chatapp.errors import DatabaseError
from chatapp.web.chat_page import ChatPage
from tests.web.conftest import Site, Visit
from tests.web.talk import begun, opened, say

OUTSIDE = "outside of everything"


def closed(socket: Any) -> WebSocketDisconnect:
    """How the server closed it, whatever came before."""
    try:
        while True:
            socket.receive_text()
    except WebSocketDisconnect as caught:
        return caught


def test_a_window_whose_page_cannot_be_made_is_closed_and_the_turn_goes_on(
    site: Site, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = visit(site(cloud=lambda _: "A tale of the sea."))
    conversation = begun(client)

    def broken(*_: object) -> str:
        raise RuntimeError("internal-trace-77")

    with client.websocket_connect(f"/ws/chat/{conversation}") as socket:
        socket.receive_text()
        monkeypatch.setattr(ChatPage, "ended", broken)
        monkeypatch.setattr(ChatPage, "thread", broken)
        socket.send_json({"text": OUTSIDE})
        ended = closed(socket)
    assert (ended.code, ended.reason) == (1011, "Reconnect to see the conversation.")
    monkeypatch.undo()
    assert "A tale of the sea." in client.get(f"/c/{conversation}").text


def test_a_database_that_is_away_closes_a_new_socket_in_a_customers_words(
    site: Site, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = site()
    client = visit(app)
    conversation = begun(client)

    def away(*_: object) -> None:
        raise DatabaseError("The database '/srv/chat.db' is locked.", "Close what else uses it.", "/srv/chat.db")

    monkeypatch.setattr(app.state.product.store.conversations, "get", away)
    with opened(client, conversation) as socket:
        told = socket.receive_json()
        ended = closed(socket)
    assert (told["type"], ended.code) == ("failed", 1011)
    assert "/srv/chat.db" not in told["what"] + ended.reason


def test_a_conversation_that_is_deleted_is_closed_in_every_window(site: Site, visit: Visit) -> None:
    client = visit(site(cloud=lambda _: "A tale of the sea."))
    conversation = begun(client)
    with client.websocket_connect(f"/ws/chat/{conversation}") as socket:
        socket.receive_text()
        with opened(client, conversation) as program:
            say(program, OUTSIDE)
        while 'class="actions"' not in socket.receive_text():
            pass
        client.post(f"/c/{conversation}/delete")
        socket.send_json({"text": "still there?"})
        while 'hx-target="#trouble"' not in (html := socket.receive_text()):
            pass
    assert "It may have been deleted" in html


def test_a_second_try_that_gives_no_answer_is_told_under_the_one_that_is_kept(site: Site, visit: Visit) -> None:
    client = visit(site(cloud=["A tale of the sea."]))  # a second call finds the script at its end, and fails
    conversation = begun(client)
    with client.websocket_connect(f"/ws/chat/{conversation}") as socket:
        socket.receive_text()
        socket.send_json({"text": OUTSIDE})
        while 'class="actions"' not in (html := socket.receive_text()):
            pass
        turn = int(html.partition('data-state="done"')[0].rpartition('id="turn-')[2].split('"')[0])
        socket.send_json({"action": "again", "turn": turn})
        while "The earlier answer is kept." not in (html := socket.receive_text()):
            pass
    assert "A tale of the sea." in html
    assert html.count('class="turn"') == 1

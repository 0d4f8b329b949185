"""A burst on the page: what waits says so in its place, and is answered there."""

import time

from chatapp.backends.base import Request
from tests.web.conftest import Site, Visit

WAITS = "Your message waits for the answer before it."


def answer(request: Request) -> str:
    return (
        " ".join(f"word{number}" for number in range(12))
        if "first" in request.messages[-1].content
        else "Second answer."
    )


def test_a_message_that_waits_says_so_and_is_answered_in_its_place(site: Site, visit: Visit) -> None:
    app = site(cloud=answer)
    app.state.product.backends["cloud"].delay_s = 0.03
    client = visit(app)
    talk = client.post("/api/conversations").json()["id"]
    seen = ""
    with client.websocket_connect(f"/ws/chat/{talk}") as socket:
        socket.send_json({"body": {"text": "outside first", "client_id": "one"}})
        while "word1" not in socket.receive_text():
            pass
        socket.send_json({"body": {"text": "outside second", "client_id": "two"}})
        while "Second answer." not in (html := socket.receive_text()):
            seen += html
    assert WAITS in seen
    for _ in range(100):
        page = client.get(f"/c/{talk}").text
        if WAITS not in page and page.count("Second answer.") and 'id="stop"' not in page:
            break
        time.sleep(0.05)
    assert (
        page.index("outside first") < page.index("word11") < page.index("outside second") < page.index("Second answer.")
    )


def test_of_two_messages_read_together_the_first_says_where_its_answer_is(site: Site, visit: Visit) -> None:
    app = site(cloud=["Both."])
    app.state.product.backends["cloud"].delay_s = 0.4
    client = visit(app)
    talk = client.post("/api/conversations").json()["id"]
    with client.websocket_connect(f"/ws/chat/{talk}") as socket:
        for text in ("outside first", "second"):
            socket.send_json({"body": {"text": text, "client_id": text}})
        while "Both." not in socket.receive_text():
            pass
    told = [(turn["status"], turn["answered_by"]) for turn in client.get(f"/api/conversations/{talk}").json()["turns"]]
    assert told[0] == ("joined", None)
    page = client.get(f"/c/{talk}").text
    assert "Answered together with your next message." in page
    first, _, second = page.partition("Answered together")
    assert "Answer again" not in first
    assert "Both." in second

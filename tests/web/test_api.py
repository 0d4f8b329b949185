"""What a program reads and writes over HTTP: conversations, turns, ratings, and one shape of every error."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from router.pack.load import load_pack
from tests.web.conftest import Site, Visit
from tests.web.talk import begun, opened, say, turns

FACT = load_pack("packs/pip").facts[0]
QUESTION = "when is the first boat?"


@pytest.fixture
def customer(site: Site, visit: Visit) -> TestClient:
    return visit(site(lambda _: FACT.text, cloud=lambda _: "A tale of the sea."))


@pytest.fixture
def operator(site: Site, visit: Visit) -> TestClient:
    return visit(site(lambda _: FACT.text, cloud=lambda _: "A tale of the sea.", show_machinery=True))


def answered(client: TestClient, *texts: str) -> str:
    """A conversation in which these were asked and answered."""
    conversation = begun(client)
    with opened(client, conversation) as socket:
        for text in texts:
            say(socket, text)
    return conversation


def test_a_conversation_is_created_listed_found_and_named_by_its_first_message(customer: TestClient) -> None:
    empty = begun(customer)
    boats, dogs = answered(customer, QUESTION), answered(customer, "may I bring my dog?")
    listed = customer.get("/api/conversations").json()
    assert [one["id"] for one in listed if one["title"]] == [dogs, boats]
    assert {one["id"] for one in listed} == {empty, boats, dogs}
    (found,) = customer.get("/api/conversations", params={"find": " DOG "}).json()
    assert (found["id"], found["title"]) == (dogs, "may I bring my dog?")
    assert customer.get("/api/conversations", params={"find": "submarine"}).json() == []


def test_a_customers_program_reads_what_was_said_and_by_whom(customer: TestClient) -> None:
    conversation = answered(customer, QUESTION, "outside of everything")
    told = customer.get(f"/api/conversations/{conversation}").json()
    assert told.keys() == {"id", "title", "turns"}
    here, outside = told["turns"]
    assert here == {
        "turn_id": here["turn_id"],
        "status": "done",
        "joined_into": None,
        "user": QUESTION,
        "answer": FACT.text,
        "feedback": 0,
        "answered_by": "own",
        "sources": [{"text": FACT.text}],
        "notices": [],
    }
    assert (outside["answered_by"], outside["answer"], outside["sources"]) == ("outside", "A tale of the sea.", [])


def test_the_operators_program_reads_how_each_answer_was_made(operator: TestClient) -> None:
    conversation = answered(operator, QUESTION)
    told = operator.get(f"/api/conversations/{conversation}").json()
    assert told["summary"] == ""
    (turn,) = told["turns"]
    assert (turn["route"], turn["category"]) == ("local", FACT.category)
    assert turn["sources"] == [{"id": FACT.id, "text": FACT.text, "probability": 0.9}]
    (call,) = turn["calls"]
    assert turn["cost_microusd"] == call["cost_microusd"] == call["input_tokens"] + call["output_tokens"]


def test_a_rating_is_given_changed_and_taken_back(operator: TestClient) -> None:
    conversation = answered(operator, QUESTION)
    turn = turns(operator, conversation)[0]["turn_id"]
    for value, pressed in ((1, ["true", "false"]), (-1, ["false", "true"]), (0, ["false", "false"])):
        html = operator.post(f"/turns/{turn}/feedback", data={"value": str(value)}).text
        assert [part.split('"')[0] for part in html.split('aria-pressed="')[1:]] == pressed
        assert turns(operator, conversation)[0]["feedback"] == value


@pytest.mark.parametrize("value", ["2", "-2", "x", ""])
def test_a_rating_that_is_none_is_refused(customer: TestClient, value: str) -> None:
    conversation = answered(customer, QUESTION)
    turn = turns(customer, conversation)[0]["turn_id"]
    assert customer.post(f"/turns/{turn}/feedback", data={"value": value}).status_code == 400
    assert turns(customer, conversation)[0]["feedback"] == 0


def test_why_is_the_operators_to_read(operator: TestClient, customer: TestClient) -> None:
    turn = turns(operator, answered(operator, QUESTION))[0]["turn_id"]
    why = operator.get(f"/turns/{turn}/why").text
    for part in ("Told so.", "90 % sure; 50 % is enough", "90 % sure; 30 % is enough", "scripted-local"):
        assert part in why
    assert customer.get(f"/turns/{turn}/why").status_code in {403, 404}


def test_a_conversation_is_renamed_but_not_to_nothing(customer: TestClient) -> None:
    conversation = answered(customer, QUESTION)
    customer.post(f"/c/{conversation}/rename", data={"title": "Boats"})
    assert customer.get(f"/api/conversations/{conversation}").json()["title"] == "Boats"
    refused = customer.post(f"/c/{conversation}/rename", data={"title": "  "})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "request")
    assert "Boats" in customer.get("/conversations", params={"find": "boats"}).text


ERRORS: list[tuple[str, str, int]] = [
    ("GET", "/api/conversations/none", 404),
    ("GET", "/nowhere", 404),
    ("GET", "/turns/77/why", 404),
    ("GET", "/turns/x/why", 400),
    ("GET", "/turns/0/why", 400),
    ("GET", "/turns/99999999999999999999/why", 400),
    ("POST", "/turns/77/feedback", 400),
    ("POST", "/c/none/delete", 404),
    ("POST", "/c/none/undelete", 404),
    ("GET", "/ws/chat/none", 426),
    ("DELETE", "/api/conversations", 405),
]


@pytest.mark.parametrize(("method", "path", "status"), ERRORS)
def test_errors_have_one_shape(operator: TestClient, method: str, path: str, status: int) -> None:
    answer = operator.request(method, path)
    error: dict[str, Any] = answer.json()["error"]
    assert (answer.status_code, error.keys()) == (status, {"code", "what", "hint"})
    assert error["what"].endswith(".")


def test_the_session_cookie_is_for_http_alone_and_for_this_site(customer: TestClient) -> None:
    cookie = customer.post("/api/conversations").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize("path", ["/api/conversations", "/conversations", "/ops"])
def test_a_page_of_another_site_changes_nothing(customer: TestClient, path: str) -> None:
    answer = customer.post(path, headers={"Origin": "https://evil.example"}, data={"token": "x"})
    assert answer.status_code == 403
    assert customer.get("/api/conversations").json() == []


@pytest.mark.parametrize("path", ["/", "/static/style.css", "/healthz", "/nowhere", "/vendor/htmx-4.min.js"])
def test_every_answer_keeps_the_browser_at_home(customer: TestClient, path: str) -> None:
    headers = customer.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "https:" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_only_what_has_its_content_in_its_address_is_cached_for_ever(customer: TestClient) -> None:
    assert customer.get("/static/style.css").headers["cache-control"] == "no-cache"
    assert "immutable" in customer.get("/static/style.css?v=1").headers["cache-control"]
    assert customer.get("/").headers["cache-control"] == "no-cache"
    page = customer.get("/").text
    for name in ("style.css", "page.js", "connection.js"):
        assert f"/static/{name}?v=" in page


@pytest.mark.parametrize(("cookie", "shown"), [("dark", True), ("light", True), ('"><script>', False), ("", False)])
def test_the_theme_that_the_browser_chose_is_there_from_the_first_byte(
    customer: TestClient, cookie: str, shown: bool
) -> None:
    customer.cookies.set("theme", cookie)
    page = customer.get("/").text
    assert ("data-theme=" in page.partition("<head>")[0]) == shown
    assert "<script>" not in page.partition("<head>")[0]

"""Pages show turns whose decisions an earlier version wrote."""

import re
import sqlite3
from base64 import b64encode
from pathlib import Path

import pytest
from itsdangerous import TimestampSigner
from starlette.testclient import TestClient

from chatapp.web.access.cookies import EARLIER_NAME
from tests.web.conftest import Site, Visit

WRITTEN = Path("tests/store/second_revision.sql")
SECRET, TOKEN = "s" * 32, "open sesame"
HTML = {"accept": "text/html"}
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def ann(site: Site, visit: Visit, tmp_path: Path) -> TestClient:
    """The user who wrote the messages, at a product over the database that the earlier version left."""
    other = sqlite3.connect(tmp_path / "firstline.db")
    other.executescript(WRITTEN.read_text(encoding="utf-8"))
    other.close()
    session = TimestampSigner(SECRET).sign(b64encode(b'{"user": "ann"}')).decode()
    return visit(site(session_secret=SECRET, operator_token=TOKEN), cookies={EARLIER_NAME: session})


def test_the_customer_reads_the_conversation(ann: TestClient) -> None:
    html = ann.get("/c/talk", headers=HTML).text
    assert re.findall(r'id="turn-(\d+)"', html) == ["1", "2", "3", "4", "6"]
    assert html.count("Word for word from") == 3


def test_the_operator_reads_why(ann: TestClient) -> None:
    html = ann.get("/ops/conversations/talk", headers=HTML | BEARER).text
    assert "This reads like a question about shipping (99 % sure; 70 % is enough)." in html
    assert "Read together with the message before it." in html
    assert "With the fact threshold at 97.7 % or more it would have left (it is 47.0 %)." in html
    assert html.count('<span class="tag">out_of_scope</span>') == 3
    assert "The next fact is shipping.us_canada (7.1 %)." in ann.get("/turns/2/why", headers=HTML | BEARER).text


def test_the_operators_list_shows_every_turn_with_its_scores(ann: TestClient) -> None:
    html = ann.get("/ops?period=all", headers=HTML | BEARER).text
    assert re.findall(r'id="turn-(\d+)"', html) == ["7", "6", "5", "4", "3", "2", "1"]
    assert '<td class="number">0.99</td><td class="number quiet">0.71</td>' in html
    assert '<span class="tag">edge</span>' not in html


def test_a_program_reads_the_conversation(ann: TestClient) -> None:
    turns = ann.get("/api/conversations/talk").json()["turns"]
    assert [turn["answered_by"] for turn in turns] == ["own"] * 3 + ["outside"] * 2
    whole = ann.get("/api/conversations/talk", headers=BEARER).json()["turns"]
    assert [(turn["route"], turn["category"]) for turn in whole[:2]] == [("local", "shipping")] * 2

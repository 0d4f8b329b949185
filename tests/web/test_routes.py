"""What a browser can do without a script: write, delete, and take the deletion back."""

import time
from functools import partial

import pytest
from starlette.testclient import TestClient

from chatapp.store import tries
from chatapp.store.forget import Forgetter
from tests.web.conftest import Site, Visit

HTML = {"accept": "text/html"}


def said(client: TestClient, text: str) -> str:
    """The address of a conversation in which this was written through the form, and answered."""
    home = client.get("/", headers=HTML)
    page = client.post(home.url.path, data={"text": text}, headers=HTML)
    assert page.url.path == home.url.path
    assert page.url.query == b""
    for _ in range(100):
        if 'aria-busy="true"' not in client.get(home.url.path, headers=HTML).text:
            return str(home.url.path)
        time.sleep(0.05)
    raise AssertionError("no answer")


def test_a_form_without_a_script_sends_the_message_and_shows_the_answer(site: Site, visit: Visit) -> None:
    client = visit(site())
    page = client.get(said(client, "How long is the crossing?")).text
    assert "How long is the crossing?" in page
    assert 'id="undo"' not in page


def test_a_starter_is_sent_where_nothing_was_written(site: Site, visit: Visit) -> None:
    client = visit(site())
    home = client.get("/", headers=HTML)
    page = client.post(home.url.path, data={"text": "", "starter": "Who are you?"}, headers=HTML)
    assert "Who are you?" in page.text


def test_an_empty_form_is_told_so(site: Site, visit: Visit) -> None:
    client = visit(site())
    assert client.post(client.get("/").url.path, data={"text": " "}, headers=HTML).status_code == 422


def test_a_deletion_is_offered_back_and_taken_back(site: Site, visit: Visit) -> None:
    client = visit(site())
    address = said(client, "How long is the crossing?")
    page = client.post(f"{address}/delete", headers=HTML)
    assert page.url.path != address
    assert f'action="{address}/undelete"' in page.text
    assert "crossing" not in page.text
    assert client.get(address, headers=HTML).status_code == 404
    back = client.post(f"{address}/undelete", headers=HTML)
    assert "How long is the crossing?" in back.text
    assert "undelete" not in back.text


def test_deleting_another_conversation_leaves_the_one_at_hand(site: Site, visit: Visit) -> None:
    client = visit(site())
    other = said(client, "How long is the crossing?")
    here = said(client, "Can I bring my dog?")
    page = client.post(f"{other}/delete", data={"seen": here.removeprefix("/c/")}, headers=HTML)
    assert page.url.path == here


def test_once_the_time_is_up_no_word_is_left_in_the_files_while_the_product_runs(
    site: Site, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = site()
    client = visit(app)
    address = said(client, "zanzibar")
    client.post(f"{address}/delete", headers=HTML)
    folder = app.state.pages.settings.data_dir
    assert any(b"zanzibar" in file.read_bytes() for file in folder.glob("firstline.db*"))
    monkeypatch.setattr(tries, "UNDO_S", 0)
    assert client.post(f"{address}/undelete", headers=HTML).status_code == 404
    store = app.state.pages.store
    monkeypatch.setattr(store.conversations, "forget_deleted", partial(store.conversations.forget_deleted, 0))
    Forgetter(store).look()
    assert not any(b"zanzibar" in file.read_bytes() for file in folder.glob("firstline.db*"))

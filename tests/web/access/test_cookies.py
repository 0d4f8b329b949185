"""The session's cookie: each product on a host has its own, and a clock that was set back loses nobody."""

import time
from base64 import b64encode
from pathlib import Path

import pytest
from itsdangerous import BadSignature, TimestampSigner
from starlette.testclient import TestClient

from chatapp.web.access.cookies import EARLIER_NAME, MAX_AGE_S, Signer, cookie_name
from tests.web.conftest import Site, Visit

LIST = "/api/conversations"


def conversations(client: TestClient) -> list[str]:
    return [one["id"] for one in client.get(LIST).json()]


def test_two_products_on_one_host_keep_their_own_sessions(site: Site, visit: Visit, tmp_path: Path) -> None:
    one = visit(site(session_secret="a" * 32))
    two = visit(site(session_secret="b" * 32, database_url=f"sqlite:///{tmp_path / 'two.db'}"))
    made = one.post(LIST).json()["id"]
    two.cookies.update(one.cookies)
    other = two.post(LIST).json()["id"]
    one.cookies.update(two.cookies)
    assert len(one.cookies) == 2
    assert conversations(one) == [made]
    assert conversations(two) == [other]


def test_processes_that_share_their_key_share_the_cookie() -> None:
    assert cookie_name("key", "/chat") == cookie_name("key", "/chat")
    assert len({cookie_name("key", ""), cookie_name("key", "/chat"), cookie_name("other", "")}) == 3


@pytest.mark.parametrize("ahead_s", [5, 300, 40 * 24 * 3600])
def test_a_clock_set_back_loses_no_conversation(
    site: Site, visit: Visit, monkeypatch: pytest.MonkeyPatch, ahead_s: int
) -> None:
    client = visit(site())
    now = time.time
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time", lambda: now() + ahead_s)
        made = client.post(LIST).json()["id"]
    assert conversations(client) == [made]


def test_a_session_still_ends_and_a_forged_one_never_begins(
    site: Site, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = site()
    client = visit(app)
    made = client.post(LIST).json()["id"]
    name, value = next(iter(client.cookies.items()))

    def with_cookie(text: str) -> list[str]:
        listed = visit(app).get(LIST, headers={"Cookie": f"{name}={text}"}).json()
        return [one["id"] for one in listed]

    assert with_cookie(value) == [made]
    assert with_cookie(value[:-2] + "AA") == []
    now = time.time
    with monkeypatch.context() as later:
        later.setattr(time, "time", lambda: now() + MAX_AGE_S + 60)
        assert with_cookie(value) == []
    with pytest.raises(BadSignature):
        Signer("key").unsign(TimestampSigner("other").sign("x"), max_age=60)


def test_the_session_of_an_earlier_release_goes_on(site: Site, visit: Visit) -> None:
    app = site(session_secret="s" * 32)
    session = TimestampSigner("s" * 32).sign(b64encode(b'{"user": "ann"}')).decode()
    store = app.state.product.store
    store.conversations.ensure_user("ann")
    made = store.conversations.create("ann").id
    assert conversations(visit(app, cookies={EARLIER_NAME: session})) == [made]
    assert conversations(visit(app, cookies={EARLIER_NAME: session + "x"})) == []


def test_over_tls_the_cookie_is_sent_over_nothing_else(site: Site, visit: Visit) -> None:
    app = site(trusted_proxies="*")
    plain = visit(app).post(LIST).headers["set-cookie"]
    tls = visit(app).post(LIST, headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]
    assert ("secure" in plain.lower(), "secure" in tls.lower()) == (False, True)
    assert "httponly" in plain.lower()

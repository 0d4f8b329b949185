"""Whose pages may act in a browser's name, behind whatever proxy; and how page and operator learn why not."""

import json
import logging
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from chatapp.addresses.origin import read_origin
from chatapp.errors import SettingError
from chatapp.settings import load_settings
from chatapp.web.access.refusals import MOST, Refusal, Refusals, kept_refusals
from tests.web.conftest import Site, Visit

CREATE = "/api/conversations"
MALFORMED = ["null", "http://[", "http://[::1", "http://shop:port", "http://", "ftp://shop.example", "shop", "\x80", ""]


def status(client: TestClient, origin: str, **headers: str) -> int:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(CREATE, headers={"Origin": origin, **given}).status_code


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://shop.example", "shop.example"),
        ("https://shop.example", "shop.example"),
        ("http://shop.example", "shop.example:80"),
        ("https://shop.example:443", "shop.example"),
        ("https://shop.example", "shop.example:443"),
        ("http://SHOP.example:8000", "shop.EXAMPLE:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("http://[0:0::1]:8000", "[::1]:8000"),
    ],
)
def test_a_page_of_the_host_that_was_asked(site: Site, visit: Visit, origin: str, host: str) -> None:
    assert status(visit(site()), origin, Host=host) == 201


@pytest.mark.parametrize("origin", [*MALFORMED, "http://shop.example.evil", "http://shop.example:81", "http://evil"])
def test_every_other_origin_is_refused_and_none_is_a_fault(site: Site, visit: Visit, origin: str) -> None:
    client = visit(site())
    assert client.post(CREATE, headers={"Origin": origin.encode("latin-1")}).status_code == 403
    headers = {"Origin": origin.encode("latin-1")}
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/ws/chat/x", headers=headers):  # type: ignore[arg-type]
        pass


def test_a_page_in_the_clear_is_not_the_one_over_tls(site: Site, visit: Visit) -> None:
    client = visit(site(), base_url="https://shop.example")
    assert status(client, "http://shop.example") == 403
    assert status(client, "https://shop.example") == 201


def test_listed_origins_are_let_in(site: Site, visit: Visit) -> None:
    client = visit(site(allowed_origins="https://Shop.example, http://[::1]:9000/"))
    assert status(client, "https://shop.example") == 201
    assert status(client, "http://[::1]:9000") == 201
    assert status(client, "http://shop.example") == 403


@pytest.mark.parametrize("listed", ["*", "shop.example", "https://shop.example/chat", "null", "https://a b"])
def test_a_list_that_cannot_be(listed: str) -> None:
    with pytest.raises(SettingError, match="FIRSTLINE_ALLOWED_ORIGINS"):
        load_settings(allowed_origins=listed)


def test_an_origin_reads_as_browsers_write_it() -> None:
    assert str(read_origin("HTTPS://Bücher.example:443/")) == "https://xn--bcher-kva.example"
    assert str(read_origin("http://[0::1]:80")) == "http://[::1]"


def proxied(site: Site, visit: Visit, peer: str = "172.18.0.5", **settings: str) -> TestClient:
    return visit(site(**settings), base_url="http://firstline:8000", client=(peer, 40000))


def test_the_host_that_a_trusted_proxy_names(site: Site, visit: Visit) -> None:
    trusted = proxied(site, visit, trusted_proxies="172.18.0.0/16")
    assert status(trusted, "https://shop.example", X_Forwarded_Host="shop.example") == 201
    assert status(trusted, "https://shop.example", X_Forwarded_Host="shop.example, inner:8000") == 201
    assert status(trusted, "https://shop.example:8443", X_Forwarded_Host="shop.example", X_Forwarded_Port="8443") == 201
    assert status(trusted, "https://shop.example", X_Forwarded_Host="other.example") == 403
    tls = {"X_Forwarded_Host": "shop.example", "X_Forwarded_Proto": "https, http"}
    assert status(trusted, "http://shop.example", **tls) == 403


def test_a_stranger_is_not_believed_and_the_log_names_the_setting(
    site: Site, visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = proxied(site, visit)
    assert status(stranger, "https://shop.example", X_Forwarded_Host="shop.example") == 403
    assert "FIRSTLINE_TRUSTED_PROXIES=172.18.0.5" in caplog.text


@pytest.mark.parametrize("listed", ["nginx", "10.0.0.0/99", "127.0.0.1:80"])
def test_proxies_that_cannot_be(listed: str) -> None:
    with pytest.raises(SettingError, match="FIRSTLINE_TRUSTED_PROXIES"):
        load_settings(trusted_proxies=listed)


def test_a_refusal_is_told_once_and_kept_for_the_operator(
    site: Site, visit: Visit, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        client = visit(site())
        for _ in range(3):
            refused = client.post(CREATE, headers={"Origin": "https://shop.example"})
    assert caplog.text.count("FIRSTLINE_ALLOWED_ORIGINS=https://shop.example") == 1
    assert "'testserver'" in caplog.text
    (kept,) = kept_refusals(tmp_path)
    assert "https://shop.example" in kept.what
    assert "FIRSTLINE" not in json.dumps(refused.json())
    visit(site(database_url=f"sqlite:///{tmp_path / 'next.db'}"))
    assert kept_refusals(tmp_path) == ()


def test_refusals_are_bounded_and_never_a_fault(tmp_path: Path) -> None:
    refusals = Refusals(tmp_path / "missing")
    for number in range(MOST + 5):
        refusals.tell(Refusal(str(number), ""))
    assert Refusal(str(MOST - 1), "") in refusals
    assert Refusal(str(MOST), "") not in refusals


def asked(client: TestClient, conversation: str = "", **headers: str) -> tuple[bool, str]:
    answer = client.post("/ws/check", params={"conversation": conversation}, headers=headers).json()
    assert bool(answer["reason"]) != answer["ok"]
    assert "FIRSTLINE" not in answer["reason"]
    return answer["ok"], answer["code"]


def test_a_page_may_ask_why_it_cannot_connect(site: Site, visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    client = visit(site())
    assert asked(client) == (False, "cookie")
    conversation = client.post(CREATE).json()["id"]
    assert asked(client, conversation) == (True, "ok")
    assert asked(client, "none") == (False, "gone")
    assert asked(client, conversation, Origin="https://shop.example") == (False, "origin")
    handshake = client.get(f"/ws/chat/{conversation}", headers={"Sec-WebSocket-Key": "x"})
    assert (handshake.status_code, handshake.json()["error"]["code"]) == (426, "upgrade_needed")
    assert asked(client, conversation) == (False, "upgrade")
    assert "proxy_set_header Upgrade" in caplog.text

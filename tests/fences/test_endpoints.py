"""The addresses of the database and of local servers, out of their URLs."""

import socket

import pytest

from chatapp.errors import SettingError
from chatapp.fences.endpoints import database_endpoints, resolvable, resolve, server_endpoints

POSTGRES = "postgresql+psycopg://u:p%40x@"


@pytest.mark.parametrize(
    ("url", "endpoints"),
    [
        ("sqlite:////data/firstline.db", ()),
        ("sqlite+pysqlite://", ()),
        (f"{POSTGRES}203.0.113.7/firstline", (("203.0.113.7", 5432),)),
        (f"{POSTGRES}db.example:6000/firstline", (("db.example", 6000),)),
        (f"{POSTGRES}[2001:db8::7]:6000/firstline", (("2001:db8::7", 6000),)),
        (f"{POSTGRES}/firstline", ()),
        (f"{POSTGRES}/firstline?host=/run/postgresql", ()),
        (f"{POSTGRES}/f?host=a.example:1&host=b.example", (("a.example", 1), ("b.example", 5432))),
        (f"{POSTGRES}/f?host=a,b&port=1,2", (("a", 1), ("b", 2))),
        (f"{POSTGRES}/f?host=a,b&port=7", (("a", 7), ("b", 7))),
        (f"{POSTGRES}n.example/f?hostaddr=203.0.113.7", (("n.example", 5432), ("203.0.113.7", 5432))),
        (f"{POSTGRES}/f?host=2001:db8::7", (("2001:db8::7", 5432),)),
        (f"{POSTGRES}/f?host=[2001:db8::7]:9", (("2001:db8::7", 9),)),
    ],
)
def test_endpoints_of_a_url(url: str, endpoints: tuple[tuple[str, int], ...]) -> None:
    assert database_endpoints(url) == endpoints


@pytest.mark.parametrize("url", ["postgresql://u@h:99999/f", "postgresql://u@/f?host=a&port=x", "postgresql://u@[h/f"])
def test_a_port_that_is_none(url: str) -> None:
    with pytest.raises(SettingError, match="FIRSTLINE_DATABASE_URL has a host or port that cannot be used"):
        database_endpoints(url)


def test_numeric_hosts_are_not_looked_up() -> None:
    endpoints = resolve([("203.0.113.7", 5432), ("::ffff:203.0.113.8", 1)])
    assert endpoints.addresses == {(bytes([203, 0, 113, 7]), 5432), (bytes([203, 0, 113, 8]), 1)}
    assert endpoints.names == frozenset()
    assert endpoints.ports == {5432, 1}
    assert endpoints.shown == ("203.0.113.7 port 5432", "::ffff:203.0.113.8 port 1")


def test_a_name_becomes_all_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(0, 0, 0, "", (host, 1)) for host in ("203.0.113.7", "2001:db8::7", "fe80::1%x")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    endpoints = resolve([("DB.example", 1)])
    assert endpoints.names == {"db.example"}
    assert {len(address) for address, _ in endpoints.addresses} == {4, 16}


def test_a_name_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(SettingError, match=r"'db\.example' has no address") as caught:
        resolve([("db.example", 1)])
    assert "numeric address" in caught.value.hint


def test_endpoints_of_local_servers() -> None:
    urls = (
        "http://10.0.0.7:8000/v1",
        "https://gpu1.example/v1",
        "http://localhost:11434/v1",
        "http://10.0.0.7:8000/v2",
    )
    assert server_endpoints(urls) == (
        ("10.0.0.7", 8000),
        ("gpu1.example", 443),
        ("127.0.0.1", 11434),
        ("::1", 11434),
    )
    assert resolve(server_endpoints(urls[2:3])).names == frozenset()


def test_a_server_without_an_address_is_left_out_where_another_is_left(caplog: pytest.LogCaptureFixture) -> None:
    gone, here = ("gpu2.invalid", 8000), ("127.0.0.1", 8000)
    assert resolvable((gone, here)) == (here,)
    assert "gpu2.invalid" in caplog.text
    assert resolvable(()) == ()
    with pytest.raises(SettingError, match="gpu2"):
        resolvable((gone,))

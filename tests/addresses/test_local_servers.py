"""The servers that answer locally, and which hosts are this machine."""

import pytest

from chatapp.addresses.local_servers import endpoint, is_here, read_hosts, read_servers, strangers


def test_servers_stand_by_comma_each_once() -> None:
    written = " http://a:8000/v1/ ,http://b/v1/chat/completions,, http://a:8000/v1"
    assert read_servers(written) == ("http://a:8000/v1", "http://b/v1")
    assert read_servers("") == ()
    with pytest.raises(ValueError, match="must begin with http"):
        read_servers("http://a/v1, b:8000")


@pytest.mark.parametrize(
    ("url", "pair"),
    [
        ("http://GPU1.example:8000/v1", ("gpu1.example", 8000)),
        ("https://gpu1.example/v1", ("gpu1.example", 443)),
        ("http://ann:pw@[2001:db8::1]/v1", ("2001:db8::1", 80)),
    ],
)
def test_the_endpoint_of_a_server(url: str, pair: tuple[str, int]) -> None:
    assert endpoint(url) == pair


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.8.7", "::1", "localhost"])
def test_this_machine(host: str) -> None:
    assert is_here(host)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "10.0.0.7", "::", "127.1", "0x7f000001", "localhost.example", "127.0.0.1.example", "::ffff:1.2.3.4"],
)
def test_another_machine_or_what_may_be_one(host: str) -> None:
    assert not is_here(host)


def test_strangers() -> None:
    urls = ("http://localhost:1/v1", "http://gpu1:2/v1", "http://[2001:db8::7]/v1", "http://gpu2/v1")
    assert list(strangers(urls, read_hosts("GPU1, [2001:db8::7]"))) == ["gpu2"]
    with pytest.raises(ValueError, match="is no host"):
        read_hosts("http://gpu1")

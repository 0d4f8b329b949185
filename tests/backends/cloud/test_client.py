"""What reaches the configured server, and by which way: our own settings decide, not whoever else uses this machine."""

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from chatapp.backends.cloud.backend import CloudBackend, ServerBackend
from chatapp.backends.cloud.client import SENT_HEADERS
from chatapp.backends.cloud.server import cloud_server, local_servers
from chatapp.backends.cloud.way import is_private, proxy_of, tls_of
from chatapp.errors import SettingError
from tests.backends.conftest import HELLO, KEY, ask, make_settings, read

FOREIGN = {
    "OPENAI_API_KEY": "foreign-key",
    "OPENAI_ADMIN_KEY": "foreign-admin",
    "OPENAI_ORG_ID": "foreign-org",
    "OPENAI_PROJECT_ID": "foreign-project",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/foreign",
    "OPENAI_WEBHOOK_SECRET": "foreign-secret",
    "OPENAI_CUSTOM_HEADERS": "X-Foreign: foreign\nAuthorization: Bearer foreign\nUser-Agent: foreign\nHost: foreign",
    "OPENAI_API_VERSION": "foreign-version",
    "OPENAI_API_TYPE": "azure",
    "OPENAI_LOG": "debug",
    "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9/foreign",
    "AZURE_OPENAI_API_KEY": "foreign-azure",
    "AZURE_OPENAI_AD_TOKEN": "foreign-azure",
}
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take this machine's own proxies and certificates away."""
    for name in (*PROXIES, *map(str.lower, PROXIES), "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest_asyncio.fixture
async def heard() -> AsyncIterator[SimpleNamespace]:
    """A server that answers HELLO and keeps the whole head of each request, as it came."""
    server = SimpleNamespace(heads=[], url="", port=0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        await HELLO(reader, writer, {})
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{server.port}/v1"
    yield server
    listener.close()
    await listener.wait_closed()


async def said(**settings: Any) -> str:
    backend = CloudBackend(make_settings(**settings))
    try:
        return await read(backend.stream(ask("Hello?")))
    finally:
        await backend.aclose()


async def test_nothing_of_the_environment_reaches_the_server(
    heard: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    assert await said(cloud_base_url=heard.url) == "Hello"
    (head,) = heard.heads
    assert "foreign" not in head.lower()
    names = {line.split(":")[0].lower() for line in head.splitlines()[1:] if line}
    assert names <= SENT_HEADERS
    assert f"authorization: bearer {KEY}".lower() in head.lower()
    assert "user-agent: firstline/" in head.lower()
    assert "Hello?" not in caplog.text


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_a_server_of_this_machine_is_asked_directly(
    heard: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert await said(cloud_base_url=heard.url) == "Hello"


async def test_a_proxy_that_is_asked_for_is_used(heard: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = f"http://user:pass@127.0.0.1:{heard.port}"
    assert await said(cloud_base_url="http://127.0.0.1:9/v1", cloud_proxy=proxy) == "Hello"
    monkeypatch.setenv("HTTP_PROXY", proxy)
    assert await said(cloud_base_url="http://models.example/v1") == "Hello"
    assert [head.split()[1] for head in heard.heads] == [
        "http://127.0.0.1:9/v1/chat/completions",
        "http://models.example/v1/chat/completions",
    ]
    assert all("proxy-authorization: basic" in head.lower() for head in heard.heads)


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https://api.example/v1", "http://proxy:3128"),
        ({"HTTPS_PROXY": " proxy:3128 "}, "https://api.example/v1", "http://proxy:3128"),
        ({"HTTP_PROXY": "http://proxy:3128"}, "https://api.example/v1", None),
        ({"ALL_PROXY": "http://proxy:3128"}, "https://api.example/v1", "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "api.example"}, "https://api.example/v1", None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": ".example"}, "https://api.example/v1", None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "*"}, "https://api.example/v1", None),
        ({"HTTPS_PROXY": "http://proxy:1", "FIRSTLINE_CLOUD_PROXY": "none"}, "https://api.example/v1", None),
        ({"HTTPS_PROXY": "http://a:1", "FIRSTLINE_CLOUD_PROXY": "http://b:1"}, "https://api.example/v1", "http://b:1"),
        ({"HTTPS_PROXY": "http://proxy:1"}, "https://10.1.2.3/v1", None),
        ({"HTTP_PROXY": "http://proxy:1"}, "http://vllm:8000/v1", None),
        ({"HTTPS_PROXY": ""}, "https://api.example/v1", None),
    ],
)
def test_the_way(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: str | None) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(cloud_server(make_settings(cloud_base_url=url))) == proxy


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("192.168.1.9", True),
        ("ollama", True),
        ("models.svc.cluster.local", True),
        ("host.docker.internal", True),
        ("api.openai.com", False),
        ("8.8.8.8", False),
        ("2606:4700::1111", False),
    ],
)
def test_private_hosts(host: str, private: bool) -> None:
    assert is_private(host) is private


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1080"),
        ("HTTPS_PROXY", "ftp://proxy"),
        ("HTTPS_PROXY", "http://["),
        ("HTTPS_PROXY", "socks4://proxy"),
        ("FIRSTLINE_CLOUD_PROXY", "http://user:secret@"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingError, match=variable) as caught:
        CloudBackend(make_settings(cloud_base_url="https://api.example/v1"))
    assert "secret" not in str(caught.value)
    assert "FIRSTLINE_CLOUD_PROXY" in caught.value.hint


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_certificates_that_cannot_be_used_are_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv(variable, str(path))
    with pytest.raises(SettingError, match=f"{variable} names .*ca.pem"):
        CloudBackend(make_settings(cloud_base_url="https://api.example/v1"))
    CloudBackend(make_settings(cloud_base_url="http://127.0.0.1:9/v1"))


def test_certificates_of_the_environment_are_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path / 'empty'}:{tmp_path}")
    assert tls_of(cloud_server(make_settings(cloud_base_url="https://api.example/v1"))).check_hostname


@pytest.mark.parametrize(("key", "sent"), [("", ""), (KEY, f"authorization: bearer {KEY}")])
async def test_a_local_server_is_asked_directly_and_with_its_own_key_alone(
    heard: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, key: str, sent: str
) -> None:
    for name, value in (FOREIGN | dict.fromkeys(PROXIES[:3], "http://127.0.0.1:9")).items():
        monkeypatch.setenv(name, value)
    (server,) = local_servers(make_settings(local_base_url=heard.url, local_server_model="small", local_api_key=key))
    backend = ServerBackend(server)
    assert await read(backend.stream(ask("hi"))) == "Hello"
    await backend.aclose()
    (head,) = heard.heads
    lines = [line.lower() for line in head.splitlines() if line.lower().startswith("authorization")]
    assert lines == ([sent] if sent else [])
    assert "foreign" not in head

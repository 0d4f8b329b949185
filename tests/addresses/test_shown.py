"""No address that is shown has a secret in it."""

import pytest

from chatapp.addresses.shown import shown_url
from chatapp.backends.cloud.backend import CloudBackend
from chatapp.backends.cloud.faults import redacted, server_fault
from chatapp.backends.cloud.server import cloud_server
from chatapp.errors import DatabaseError, SettingError
from chatapp.fences import database_endpoints
from chatapp.settings import Settings, load_settings
from chatapp.store.database import Database

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        (f"https://ann:{SECRET}@models.example:8443/v1", "https://models.example:8443/v1"),
        (f"https://{SECRET}@models.example/v1", "https://models.example/v1"),
        (f"https://ann:{SECRET}@[::1]:80/v1", "https://[::1]:80/v1"),
        (f"https://models.example/v1?key={SECRET}#x", "https://models.example/v1"),
        (f"https://models.example/v1?key=a@{SECRET}", "https://models.example/v1"),
        (f"https://ann:a@{SECRET}@models.example", "https://models.example"),
        (f"https://ann:a/{SECRET}@models.example/v1", "https://…"),
        (f"https://ann:a?{SECRET}@models.example/v1", "https://…"),
        (f"https://ann:a#{SECRET}@models.example/v1", "https://…"),
        (f"ann:{SECRET}@models.example/v1", "models.example/v1"),
        (f"https://ann:{SECRET}", "https://…"),
    ],
)
def test_an_address_is_shown_without_what_could_be_a_secret(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def settings() -> Settings:
    proxy = f"http://ann:{SECRET}@proxy.example:3128"
    return Settings(
        cloud_base_url=f"https://ann:{SECRET}@models.example/v1",
        cloud_api_key="sk-x",
        cloud_proxy=proxy,
        database_url=f"postgresql+psycopg://ann:{SECRET}@db.example/f",
    )


def test_neither_settings_nor_backend_nor_an_error_shows_it() -> None:
    ours = settings()
    backend, server = CloudBackend(ours), cloud_server(ours)
    fault = server_fault(ConnectionError(f"no way to {ours.cloud_base_url} by {ours.cloud_proxy}"), server)
    for shown in (
        repr(ours),
        str(ours),
        repr(backend),
        repr(server),
        str(fault),
        redacted(ours.cloud_base_url, server),
    ):
        assert SECRET not in shown
    assert "models.example" in str(fault)


def test_a_base_url_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLINE_CLOUD_BASE_URL", f"ftp://ann:{SECRET}@models.example")
    with pytest.raises(SettingError) as caught:
        load_settings()
    assert SECRET not in str(caught.value)
    assert "models.example" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:1/f",
        f"postgresql+psycopg://127.0.0.1:1/f?password={SECRET}",
        f"mysql://ann:{SECRET}@127.0.0.1:1/f",
    ],
)
def test_a_databases_password_is_in_no_error(url: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        Database.open(url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("url", [f"postgresql://ann:{SECRET}/x@db.example/f", f"postgresql://ann:x:{SECRET}/f"])
def test_a_password_that_reads_like_a_port_is_in_no_error(url: str) -> None:
    with pytest.raises(SettingError) as caught:
        database_endpoints(url)
    assert SECRET not in str(caught.value)

"""A wrong setting stops the start and says which, why and what to do."""

import pytest

from chatapp.errors import SettingError
from chatapp.settings import load_settings
from router.types import Mode


def test_defaults_are_usable() -> None:
    settings = load_settings()
    assert settings.mode is Mode.HYBRID
    assert not settings.cloud_connected
    assert settings.resolved_database_url.startswith("sqlite:///")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FIRSTLINE_MODE", "cloud-only", "FIRSTLINE_MODE"),
        ("FIRSTLINE_PORT", "eighty", "FIRSTLINE_PORT"),
        ("FIRSTLINE_PORT", "70000", "FIRSTLINE_PORT"),
        ("FIRSTLINE_CLOUD_BASE_URL", "ftp://x", "http://"),
        ("FIRSTLINE_LOCAL_PROMPT_TOKENS", "2048", "local_context_tokens"),
        ("FIRSTLINE_CLOUD_KEY", "sk-secret", "FIRSTLINE_CLOUD_API_KEY"),
        ("FIRSTLINE_XYZZY_QQQ", "1", "settings table"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as caught:
        load_settings()
    assert said in str(caught.value)
    assert "sk-secret" not in str(caught.value)
    assert caught.value.hint


def test_a_key_connects_the_cloud_but_never_in_local_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLINE_CLOUD_API_KEY", "sk-x")
    assert load_settings().cloud_connected
    assert not load_settings(mode=Mode.LOCAL_ONLY).cloud_connected
    assert "sk-x" not in repr(load_settings())

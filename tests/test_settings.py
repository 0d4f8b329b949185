"""A wrong setting stops the start and says which, why and what to do."""

from pathlib import Path

import pytest

from chatapp.errors import SettingError
from chatapp.settings import Settings, load_settings
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
        ("FIRSTLINE_CLOUD_PRICE_INPUT", "inf", "FIRSTLINE_CLOUD_PRICE_INPUT"),
        ("FIRSTLINE_OPERATOR_TOKEN", "sk-secret\udcff", "UTF-8"),
        ("FIRSTLINE_SESSION_SECRET", "sk-secret-that-is-long\udcff", "UTF-8"),
        ("FIRSTLINE_CLOUD_KEY", "sk-secret", "FIRSTLINE_CLOUD_API_KEY"),
        ("FIRSTLINE_XYZZY_QQQ", "1", "docs/settings.md lists them all"),
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


@pytest.mark.parametrize(
    "written", ["sk-x", " sk-x ", "sk-x\n", "\r\nsk-x\r\n", '"sk-x"', "' sk-x '", "\ufeffsk-x", "\u00a0sk-x"]
)
def test_what_stands_around_a_value_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("FIRSTLINE_CLOUD_API_KEY", written)
    monkeypatch.setenv("FIRSTLINE_CLOUD_BASE_URL", written.replace("sk-x", "https://api.example/v1/"))
    monkeypatch.setenv("FIRSTLINE_PORT", written.replace("sk-x", "8123"))
    settings = load_settings()
    assert settings.cloud_api_key.get_secret_value() == "sk-x"
    assert (settings.cloud_base_url, settings.port) == ("https://api.example/v1", 8123)


@pytest.mark.parametrize("key", ["sk x", "sk-\nx", "sk-\u00e9", "Bearer sk-x", "sk-x\u200b", "sk\tx"])
def test_a_key_broken_in_the_middle_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("FIRSTLINE_CLOUD_API_KEY", key)
    with pytest.raises(SettingError, match="FIRSTLINE_CLOUD_API_KEY cannot be used: a key is one word") as caught:
        load_settings()
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("HTTPS://api.example/v1", "HTTPS://api.example/v1"),
        ("http://127.0.0.1:11434/v1/chat/completions", "http://127.0.0.1:11434/v1"),
        ("http://[::1]:8080/v1/", "http://[::1]:8080/v1"),
    ],
)
def test_a_server_as_people_paste_it(written: str, taken: str) -> None:
    assert load_settings(cloud_base_url=written).cloud_base_url == taken


@pytest.mark.parametrize(
    "url", ["localhost:8080", "http://", "http://[", "https://a b/v1", "http://h:99999/v1", "https://h/v1?key=1"]
)
def test_a_server_that_cannot_be(url: str) -> None:
    with pytest.raises(SettingError, match="FIRSTLINE_CLOUD_BASE_URL cannot be used"):
        load_settings(cloud_base_url=url)


def test_a_password_in_an_address_is_not_told() -> None:
    with pytest.raises(SettingError) as caught:
        load_settings(cloud_base_url="ftp://ann:secret@h/v1")
    assert "secret" not in str(caught.value)


KUBERNETES = {
    "FIRSTLINE_SERVICE_HOST": "10.0.0.1",
    "FIRSTLINE_SERVICE_PORT": "8000",
    "FIRSTLINE_SERVICE_PORT_HTTP": "8000",
    "FIRSTLINE_PORT": "tcp://10.0.0.1:8000",
    "FIRSTLINE_PORT_8000_TCP": "tcp://10.0.0.1:8000",
    "FIRSTLINE_PORT_8000_TCP_PROTO": "tcp",
    "FIRSTLINE_PORT_8000_TCP_PORT": "8000",
    "FIRSTLINE_PORT_8000_TCP_ADDR": "10.0.0.1",
    "FIRSTLINE_WEB_SERVICE_HOST": "10.0.0.2",
    "FIRSTLINE_WEB_PORT": "tcp://10.0.0.2:80",
    "FIRSTLINE_WEB_PORT_80_TCP_ADDR": "10.0.0.2",
}


def test_what_kubernetes_adds_is_not_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KUBERNETES.items():
        monkeypatch.setenv(name, value)
    assert load_settings() == load_settings(port=8000)
    monkeypatch.setenv("FIRSTLINE_PORT", "9000")
    assert load_settings().port == 9000
    monkeypatch.setenv("FIRSTLINE_WEB_PORT", "80")
    with pytest.raises(SettingError, match="no setting"):
        load_settings()


def test_empty_values_are_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(f"FIRSTLINE_{name.upper()}", ' "" ')
    assert load_settings() == Settings()


def test_paths_of_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FIRSTLINE_DATA_DIR", "~/data")
    monkeypatch.setenv("FIRSTLINE_DATABASE_URL", "sqlite:///~/chat.db")
    monkeypatch.setenv("FIRSTLINE_LOCAL_MODEL", "~/own.gguf")
    settings = load_settings()
    assert settings.data_dir == tmp_path / "data"
    assert settings.resolved_database_url == f"sqlite:///{tmp_path}/chat.db"
    assert settings.local_model == str(tmp_path / "own.gguf")
    monkeypatch.chdir(tmp_path)
    assert load_settings(data_dir="here").data_dir == tmp_path / "here"


def test_a_user_without_a_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def homeless(*_: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr(Path, "expanduser", homeless)
    with pytest.raises(SettingError, match="FIRSTLINE_DATA_DIR is not set"):
        load_settings()
    with pytest.raises(SettingError, match="FIRSTLINE_DATA_DIR cannot be used"):
        load_settings(data_dir="~/x")
    assert load_settings(data_dir=str(tmp_path)).make_data_dir() == tmp_path


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="FIRSTLINE_DATA_DIR is"):
        load_settings(data_dir=str(tmp_path / "file" / "data")).make_data_dir()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgres_by_any_of_its_names(scheme: str) -> None:
    url = load_settings(database_url=f"{scheme}://ann@db/chat").resolved_database_url
    assert url == "postgresql+psycopg://ann@db/chat"


def test_hosts_as_people_write_them() -> None:
    assert [load_settings(host=host).host for host in ("[::1]", "localhost")] == ["::1", "127.0.0.1"]


SERVER = {"local_base_url": "http://gpu1:8000/v1", "local_server_model": "small"}


def test_servers_that_answer_locally() -> None:
    settings = load_settings(**SERVER | {"local_base_url": "http://gpu1:8000/v1/, http://gpu2:8000/v1"})
    assert settings.local_servers == ("http://gpu1:8000/v1", "http://gpu2:8000/v1")
    assert load_settings().local_servers == ()
    assert load_settings(**SERVER, mode=Mode.LOCAL_ONLY, local_allowed_hosts=" GPU1 ,gpu3").local_servers
    here = {"local_base_url": "http://localhost:1/v1,http://127.0.0.1:2/v1,http://[::1]:3/v1"}
    assert len(load_settings(**SERVER | here, mode=Mode.LOCAL_ONLY).local_servers) == 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"local_base_url": "gpu1:8000"}, "FIRSTLINE_LOCAL_BASE_URL cannot be used"),
        ({"local_base_url": "http://büro:8000/v1"}, "not ASCII"),
        ({"local_server_model": ""}, "FIRSTLINE_LOCAL_SERVER_MODEL must be too"),
        ({"adapter": "adapter.gguf"}, "FIRSTLINE_ADAPTER is laid over"),
        ({"local_server_form": "grounded"}, "'grounded' is no prompt form; it must be 'grounded-2' or 'grounded-1'"),
        ({"local_allowed_hosts": "http://gpu1"}, "FIRSTLINE_LOCAL_ALLOWED_HOSTS cannot be used"),
        ({"mode": "local-only"}, "names 'gpu1'; in local-only mode"),
        ({"mode": "local-only", "local_allowed_hosts": "gpu2"}, "FIRSTLINE_LOCAL_ALLOWED_HOSTS lists"),
        ({"mode": "local-only", "local_base_url": "http://0.0.0.0:1/v1"}, "names '0.0.0.0'"),
    ],
)
def test_servers_that_cannot_answer_locally(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(SettingError) as caught:
        load_settings(**SERVER | wrong)
    assert said in str(caught.value)

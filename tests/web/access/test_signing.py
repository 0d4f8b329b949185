"""The key of the session cookie: never empty, never short, the same for all who share a folder."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chatapp.errors import SettingError
from chatapp.settings import Settings
from chatapp.web.access.signing import SHORTEST, session_secret


def test_a_key_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new")
    made = session_secret(settings)
    assert len(made) >= 2 * SHORTEST
    assert session_secret(settings) == made
    assert stat.S_IMODE((tmp_path / "new" / "session.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("held", [b"", b" \n", b"short", b"\xff\xfe" * 20])
def test_what_is_no_whole_key_is_made_anew_and_told(
    held: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "session.key"
    path.write_bytes(held)
    made = session_secret(Settings(data_dir=tmp_path))
    assert len(made) >= SHORTEST
    assert path.read_text() == made
    assert f"{path} held no whole key" in caplog.text


@pytest.mark.parametrize("short", ["x", "fifteen letters"])
def test_a_short_one_of_the_settings_is_refused(short: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"FIRSTLINE_SESSION_SECRET is shorter than 16 characters") as caught:
        session_secret(Settings(data_dir=tmp_path, session_secret=short))
    assert short not in str(caught.value).split()
    assert not (tmp_path / "session.key").exists()


def test_one_of_the_settings_is_taken_as_it_is(tmp_path: Path) -> None:
    assert session_secret(Settings(data_dir=tmp_path, session_secret="a" * 16)) == "a" * 16


def test_those_that_start_at_once_share_a_key(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: session_secret(settings), range(32)))) == 1

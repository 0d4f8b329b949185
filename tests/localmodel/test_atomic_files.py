"""A file stands as it was or as it is meant to be."""

import stat
from pathlib import Path

import pytest

from localmodel.atomic_files import whole, write_text


@pytest.mark.parametrize(("private", "mode"), [(False, 0o666), (True, 0o600)])
def test_a_file_takes_the_place_of_the_old_one(tmp_path: Path, private: bool, mode: int) -> None:
    path, plain = tmp_path / "a.json", tmp_path / "plain"
    path.write_text("old")
    plain.touch()
    umask = 0o666 & ~stat.S_IMODE(plain.stat().st_mode)
    write_text(path, "neü\r\n", private=private)
    assert path.read_bytes() == "neü\r\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == mode & ~umask
    assert sorted(tmp_path.iterdir()) == [path, plain]


def test_a_private_file_is_private_while_it_is_written(tmp_path: Path) -> None:
    with whole(tmp_path / "a", private=True) as fresh:
        assert fresh.parent == tmp_path
        assert stat.S_IMODE(fresh.stat().st_mode) == 0o600


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_what_goes_wrong_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(error):
        _fail(path, error)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_that_write_at_once_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with whole(path) as one, whole(path) as other:
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "no" / "a", "new")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_stays(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path / "a", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def _fail(path: Path, error: type[BaseException]) -> None:
    with whole(path) as fresh:
        fresh.write_text("half")
        raise error

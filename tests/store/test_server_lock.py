"""One server a SQLite database, however its path is spelled; a killed one leaves nothing locked."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chatapp.errors import DatabaseError
from chatapp.store.server_lock import hold

HOLD = """
import sys, time
from chatapp.store.server_lock import hold
lock = hold(sys.argv[1])
print("held", flush=True)
time.sleep(60)
"""
SPELLINGS = ["{folder}/a.db", "{folder}/sub/../a.db", "{folder}/link/a.db", "file:{folder}/a.db?uri=true"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_second_server_is_refused(tmp_path: Path, spelling: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    first = hold(f"sqlite:///{tmp_path / 'a.db'}")
    assert first
    with pytest.raises(DatabaseError, match="serves the database") as caught:
        hold("sqlite:///" + spelling.format(folder=tmp_path))
    assert "FIRSTLINE_DATA_DIR" in caught.value.hint
    first.release()
    assert hold("sqlite:///" + spelling.format(folder=tmp_path))


def test_another_database_is_another_matter(tmp_path: Path) -> None:
    one, two = hold(f"sqlite:///{tmp_path / 'a.db'}"), hold(f"sqlite:///{tmp_path / 'b.db'}")
    assert one
    assert two
    assert hold("postgresql+psycopg://app@127.0.0.1/db") is None


@pytest.mark.parametrize("url", ["nonsense", "postgresql://app:secret@db:port/chat"])
def test_what_is_no_url_is_told_by_who_opens_it(url: str) -> None:
    assert hold(url) is None


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_a_killed_server_holds_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    with subprocess.Popen([sys.executable, "-c", HOLD, url], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stdout.readline() == "held\n"
        with pytest.raises(DatabaseError):
            hold(url)
        server.send_signal(signal.SIGKILL)
        server.wait(10)
    assert hold(url)

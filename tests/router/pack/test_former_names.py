"""A pack written with the earlier names is read as one with today's."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from router.errors import PackError
from router.pack.load import load_pack
from tests.router.conftest import SUPPORT


def test_the_earlier_file_name_and_key_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "support"
    shutil.copytree(SUPPORT, folder)
    today = load_pack(folder)
    (folder / "out_of_scope.txt").rename(folder / "edge.txt")
    dialogues = folder / "dialogues.jsonl"
    lines = dialogues.read_text(encoding="utf-8")
    assert lines.count('"needs_context": true') > 100
    dialogues.write_text(lines.replace('"needs_context":', '"leans":'), encoding="utf-8")
    earlier = load_pack(folder)
    assert replace(earlier, content_hash=today.content_hash) == today


def test_neither_of_two_lists_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "support"
    shutil.copytree(SUPPORT, folder)
    (folder / "edge.txt").write_text("write my essay\n", encoding="utf-8")
    with pytest.raises(PackError, match=r"has both 'edge\.txt' and 'out_of_scope\.txt'\. Keep one list"):
        load_pack(folder)

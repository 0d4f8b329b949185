"""Files and folders of training data, LLaMA-Factory's description of them, and the shipped pack's own."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from finetune.data.conversation import Role
from finetune.data.load import read_data, read_files
from finetune.data.problem import Code
from finetune.errors import DataError
from router.pack.load import load_pack
from router.types import FactVoice
from tests.router.cases import pack

ALPACA = {"instruction": "a", "input": "", "output": "b"}
SHAREGPT = {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes records as one array, and gives the folder."""

    def written(name: str, *records: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(list(records), indent=1))
        return tmp_path

    return written


def described(folder: Path, **entries: Any) -> Path:
    (folder / "dataset_info.json").write_text(json.dumps(entries, indent=2))
    return folder


def said(folder: Path) -> list[list[str]]:
    return [[message.content for message in one.messages] for one in read_data(folder, None)]


def test_a_folder_is_read_by_file_name(write: Write) -> None:
    write("b.json", ALPACA | {"instruction": "second"})
    folder = write("a.jsonl", ALPACA)
    (folder / "notes.txt").write_text("not data")
    (folder / ".hidden.json").write_text("not data")
    assert said(folder) == [["a", "b"], ["second", "b"]]
    assert said(folder / "b.json") == [["second", "b"]]


def test_the_shipped_data() -> None:
    support = load_pack("packs/support")
    files = read_files(Path("packs/support/train"), support)
    assert [(file.path.name, file.format, file.problems) for file in files] == [
        ("answers.jsonl", "grounded", ()),
        ("reading.jsonl", "grounded", ()),
    ]
    found = read_data(Path("packs/support/train"), support)
    assert len(found) == sum(len(file.conversations) for file in files) >= 2000
    assert {one.fact for one in found} >= {fact.id for fact in support.facts if fact.voice is not FactVoice.VERBATIM}
    assert all([m.role for m in one.messages] == [Role.SYSTEM, Role.USER, Role.ASSISTANT] for one in found)


def test_the_examples_of_the_manual(tmp_path: Path) -> None:
    blocks = re.findall(r"```json\n(.*?)```", Path("docs/training-data.md").read_text(encoding="utf-8"), re.DOTALL)
    *examples, description = blocks
    path = tmp_path / "data.json"
    formats = []
    for example in examples:
        path.write_text(f"[{example}]")
        (file,) = read_files(path, pack())
        assert file.problems == ()
        formats.append(file.format)
    assert formats == ["grounded", "instruction", "conversation", "sharegpt", "openai"]
    (tmp_path / "mine.json").write_text('{"q": "a", "a": "b", "rules": "c"}')
    (tmp_path / "talks.json").write_text(
        '{"talk": [{"who": "client", "what": "d"}, {"who": "desk", "what": "e"}]}',
    )
    described(tmp_path, **json.loads(description))
    assert said(tmp_path) == [["c", "a", "b"], ["d", "e"]]


@pytest.mark.parametrize("name", ["none", "none.jsonl"])
def test_nothing_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=f"no file or folder .*{name}"):
        read_data(tmp_path / name, None)


def test_a_folder_without_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no data\. Put \.json or \.jsonl"):
        read_data(tmp_path, None)


def test_two_formats_in_one_file(write: Write) -> None:
    folder = write("a.json", ALPACA, SHAREGPT)
    what = r"a\.json:7: a record of the format 'sharegpt' in a file that began with 'instruction'"
    with pytest.raises(DataError, match=what):
        read_data(folder, None)


def test_two_formats_in_one_folder(write: Write) -> None:
    write("a.json", ALPACA)
    folder = write("b.json", SHAREGPT)
    with pytest.raises(DataError, match=r"b\.json:1: the format 'sharegpt', where '.*a\.json' has 'instruction'"):
        read_data(folder, None)


def test_an_unknown_format_lists_the_known_ones(write: Write) -> None:
    folder = write("a.json", {"prompt": "a", "completion": "b"})
    with pytest.raises(DataError, match=r"a\.json:2: .* with 'prompt', 'completion'") as raised:
        read_data(folder, None)
    assert all(name in raised.value.hint for name in ("grounded", "conversation", "sharegpt", "openai", "instruction"))


def test_every_problem_is_collected_and_the_first_raised(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [ALPACA | {"output": 1}, ALPACA, ALPACA | {"instruction": ""}]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + "{\n")
    (file,) = read_files(path, None)
    assert [(p.place.line, p.code) for p in file.problems] == [
        (1, Code.MALFORMED),
        (3, Code.EMPTY),
        (4, Code.MALFORMED),
    ]
    assert len(file.conversations) == 1
    with pytest.raises(DataError, match=r"a\.jsonl:1: 'output' is 1, not a string\. Write"):
        read_data(path, None)


def test_grounded_turns_without_a_pack(write: Write) -> None:
    folder = write("a.json", {"turns": [{"question": "a", "text": "b", "answer": "c"}]})
    with pytest.raises(DataError, match="Name the pack"):
        read_data(folder, None)
    assert len(read_data(folder, pack())) == 1


def test_the_description_names_files_columns_and_tags(write: Write) -> None:
    write("mine.json", {"q": "Translate.", "more": "Brot", "a": "bread", "sys": "Be brief.", "old": [["x", "y"]]})
    talk = [{"who": "client", "what": "hi"}, {"who": "desk", "what": "Hello."}]
    write("talks.json", {"talk": [{"who": "rules", "what": "Be kind."}, *talk]})
    folder = write("left.json", {"of": "no format"})
    columns = {"prompt": "q", "query": "more", "response": "a", "system": "sys", "history": "old"}
    tags = {
        "role_tag": "who",
        "content_tag": "what",
        "user_tag": "client",
        "assistant_tag": "desk",
        "system_tag": "rules",
    }
    described(
        folder,
        mine={"file_name": "mine.json", "columns": columns},
        talks={"file_name": "talks.json", "formatting": "sharegpt", "columns": {"messages": "talk"}, "tags": tags},
    )
    assert said(folder) == [["Be brief.", "x", "y", "Translate.\nBrot", "bread"], ["Be kind.", "hi", "Hello."]]


def test_the_description_has_the_defaults_of_its_owner(write: Write) -> None:
    """Without a column for it, no system text and no history is read."""
    write("part/a.json", ALPACA | {"system": "s", "history": [["x", "y"]]})
    folder = write("b.json", SHAREGPT | {"system": "s"})
    described(folder, one={"file_name": "part"}, two={"file_name": "b.json", "formatting": "sharegpt"})
    assert said(folder) == [["a", "b"], ["a", "b"]]


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ({"file_name": "gone.json"}, r"dataset_info\.json:2: there is no 'gone\.json'"),
        ({"file_name": ""}, r"dataset_info\.json:2: there is no ''"),
        ({}, "'file_name' is missing"),
        ("a.json", "an entry that is 'a.json'"),
        ({"file_name": "a.json", "formatting": "chatml"}, "'formatting' is 'chatml'. Use 'alpaca'"),
        ({"file_name": "a.json", "ranking": True}, "'ranking': preferences"),
        ({"file_name": "a.json", "columns": {"images": "images"}}, "the columns images"),
        ({"file_name": "a.json", "columns": ["a"]}, "'columns' is .*, not names by names"),
        ({"hf_hub_url": "x/y"}, "'hf_hub_url' is 'x/y': the data lie elsewhere"),
        ({"file_name": "a.json", "columns": {"prompt": "q"}}, r"a\.json:2: 'q' is missing"),
    ],
)
def test_an_entry_of_no_use(write: Write, entry: object, what: str) -> None:
    folder = described(write("a.json", ALPACA), mine=entry)
    with pytest.raises(DataError, match=what):
        read_data(folder, None)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"{\n", r"dataset_info\.json:2: not JSON"),
        (b"[]", "no entries"),
        (b"{}", "no entries"),
        (b"{\n'\xff", r"dataset_info\.json:2: not UTF-8"),
    ],
)
def test_a_description_that_is_none(tmp_path: Path, text: bytes, what: str) -> None:
    (tmp_path / "dataset_info.json").write_bytes(text)
    with pytest.raises(DataError, match=what):
        read_data(tmp_path, None)


def test_the_line_of_an_entry(write: Write) -> None:
    folder = described(write("a.json", ALPACA), one={"file_name": "a.json"}, two={"file_name": "gone.json"})
    first, second = read_files(folder, None)
    assert (len(first.conversations), first.problems) == (1, ())
    assert [problem.place.line for problem in second.problems] == [5]

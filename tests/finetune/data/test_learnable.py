"""What a file marks as not to be learnt is not learnt; what would be learnt in another way is refused by its name."""

import json
from pathlib import Path
from typing import Any

import pytest

from finetune.data.conversation import Conversation, Role
from finetune.data.load import DataFile, read_data, read_files
from finetune.data.problem import Code
from finetune.data.readers.learnable import MARKS, UNLEARNABLE
from finetune.errors import DataError
from finetune.training.base import Base
from finetune.training.examples import encode, spoken
from tests.router.cases import pack

PLAIN: list[dict[str, Any]] = [
    {"instruction": "Hi", "output": "Hello."},
    {"conversation": [{"input": "Hi", "output": "Hello."}]},
    {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}]},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]},
    {"turns": [{"question": "Hi", "text": "We greet.", "answer": "Hello."}]},
]
FORMATS = ["instruction", "conversation", "sharegpt", "openai", "grounded"]


def read(folder: Path, *rows: dict[str, Any], description: dict[str, Any] | None = None) -> DataFile:
    """The one file of a folder."""
    (folder / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    if description is not None:
        (folder / "dataset_info.json").write_text(json.dumps({"mine": {"file_name": "data.jsonl"} | description}))
    (file,) = read_files(folder, pack())
    return file


@pytest.mark.parametrize("record", PLAIN, ids=FORMATS)
@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("no", [False, 0])
def test_a_record_that_is_marked_is_left_out_and_told_of(
    record: dict[str, Any], mark: str, no: object, tmp_path: Path
) -> None:
    file = read(tmp_path, record | {mark: no}, record | {mark: True}, record | {mark: None})
    assert [one.place.line for one in file.conversations] == [2, 3]
    (problem,) = file.problems
    assert (problem.code, problem.refused, problem.place.line) == (Code.LEFT_OUT, False, 1)
    assert problem.text == f"left out, for {mark!r} is {no!r}."
    assert len(read_data(tmp_path, pack())) == 2


@pytest.mark.parametrize("record", PLAIN, ids=FORMATS)
@pytest.mark.parametrize("key", UNLEARNABLE)
def test_another_kind_of_training_is_refused_by_name(record: dict[str, Any], key: str, tmp_path: Path) -> None:
    file = read(tmp_path, record, record | {key: ["something"]}, record | {key: []}, record | {key: None})
    assert [one.place.line for one in file.conversations] == [1, 3, 4]
    (problem,) = file.problems
    assert (problem.refused, problem.place.line) == (True, 2)
    assert repr(key) in problem.text
    assert repr(key) in problem.hint
    with pytest.raises(DataError, match=rf"data\.jsonl:2: '{key}'"):
        read_data(tmp_path, pack())


@pytest.mark.parametrize("value", ["no", 0.5, 2, [], {}])
def test_a_mark_that_is_neither_yes_nor_no_is_refused(value: object, tmp_path: Path) -> None:
    (problem,) = read(tmp_path, PLAIN[0] | {"label": value}).problems
    assert problem.refused
    assert "'label' is" in problem.text
    assert "true or false" in problem.hint


@pytest.mark.parametrize(
    "record",
    [
        {
            "messages": [
                {"role": "user", "content": "Hi", "weight": 0},
                {"role": "assistant", "content": "Rubbish.", "weight": 0},
                {"role": "user", "content": "Sorry?"},
                {"role": "assistant", "content": "Hello.", "weight": 1},
            ]
        },
        {
            "conversations": [
                {"from": "human", "value": "Hi"},
                {"from": "gpt", "value": "Rubbish.", "train": False},
                {"from": "human", "value": "Sorry?"},
                {"from": "gpt", "value": "Hello.", "train": True},
            ]
        },
        {
            "conversation": [
                {"input": "Hi", "output": "Rubbish.", "output_with_loss": False},
                {"input": "Sorry?", "output": "Hello.", "output_with_loss": True},
            ]
        },
    ],
    ids=["openai", "sharegpt", "conversation"],
)
def test_an_answer_that_is_marked_is_read_and_carries_no_loss(
    record: dict[str, Any], tmp_path: Path, base: Base
) -> None:
    (said,) = read(tmp_path, record).conversations
    assert isinstance(said, Conversation)
    assert [m.learnt for m in said.messages if m.role is Role.ASSISTANT] == [False, True]
    example = encode(said, base.vocabulary)
    assert "Rubbish." in base.vocabulary.text(example.tokens)
    assert base.vocabulary.text(spoken(example)).startswith("Hello.")


def test_a_message_with_a_call_of_a_tool_is_refused(tmp_path: Path) -> None:
    said = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "", "tool_calls": [{"id": "1"}]}]
    (problem,) = read(tmp_path, {"messages": said}).problems
    assert "'tool_calls'" in problem.text
    assert problem.refused


def test_a_column_that_is_named_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    rows = {"q": "Hi", "chosen": "Hello.", "label": "x"}
    columns = {"prompt": "q", "response": "chosen", "query": "label"}
    (said,) = read(tmp_path, rows, description={"columns": columns}).conversations
    assert said.answer == "Hello."


def test_as_many_records_as_the_description_says(tmp_path: Path) -> None:
    rows = [{"instruction": f"Say {n}", "output": str(n)} for n in range(40)]
    chosen = [one.answer for one in read(tmp_path, *rows, description={"num_samples": 10}).conversations]
    assert len(set(chosen)) == 10
    assert chosen == sorted(chosen, key=int) != [str(n) for n in range(10)]
    assert chosen == [one.answer for one in read_data(tmp_path, None)]


def test_more_than_there_are_is_refused(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, *PLAIN[:1], description={"num_samples": 2}).problems
    assert problem.refused
    assert "'num_samples' of its description is 2, and it has 1 records" in problem.text


@pytest.mark.parametrize(
    ("description", "what"),
    [
        ({"num_samples": 0}, "'num_samples' is 0, not a number of records"),
        ({"num_samples": "ten"}, "'num_samples' is 'ten'"),
        ({"num_samples": True}, "'num_samples' is True"),
        ({"split": "test"}, "'split' is 'test'"),
        ({"subset": "de"}, "'subset' is 'de', and is not read"),
        ({"folder": "x"}, "'folder' is 'x', and is not read"),
        ({"system_prompt": "Be kind."}, "'system_prompt' is 'Be kind.', and is not read"),
        ({"columns": {"respone": "a"}}, "'columns' names 'respone', which is not read"),
        ({"columns": {"messages": "a"}}, "'columns' names 'messages', which is not read"),
        ({"formatting": "sharegpt", "columns": {"response": "a"}}, "'columns' names 'response'"),
        ({"tags": {"rolle_tag": "a"}}, "'tags' names 'rolle_tag'"),
        ({"columns": {"kto_tag": "label"}}, "kto_tag"),
    ],
)
def test_a_description_that_asks_for_what_is_not_done_is_refused_by_name(
    description: dict[str, Any], what: str, tmp_path: Path
) -> None:
    (problem,) = read(tmp_path, *PLAIN[:1], description=description).problems
    assert problem.refused
    assert what in problem.text
    assert problem.place.path.name == "dataset_info.json"


def test_a_folder_is_not_sampled(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    for name in "ab":
        (tmp_path / "parts" / f"{name}.json").write_text(json.dumps(PLAIN[:1]))
    entry = {"mine": {"file_name": "parts", "num_samples": 1}}
    (tmp_path / "dataset_info.json").write_text(json.dumps(entry))
    (file,) = read_files(tmp_path, None)
    assert "'num_samples' of a folder" in file.problems[0].text


def test_what_changes_nothing_is_let_be(tmp_path: Path) -> None:
    more = {"split": "train", "file_sha1": "ab", "description": "Greetings.", "_note": "x", "ranking": False}
    assert len(read(tmp_path, *PLAIN[:1], description=more | {"tags": {"role_tag": "role"}}).conversations) == 1

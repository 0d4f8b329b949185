"""Every format, what comes of it, and what is said of a record that cannot be used."""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.data.conversation import Conversation, Message, Place, Role
from finetune.data.json_records import Record, records
from finetune.data.problem import Code, Problem
from finetune.data.readers import Unreadable, readers, recognised
from finetune.data.readers.base import conversation
from localmodel.prompt import GROUNDED, REFUSAL, local_prompt
from tests.router.cases import pack

PLACE = Place(Path("data.jsonl"), 3)
KNOWN = readers(pack())
SYSTEM, USER, ASSISTANT = Role.SYSTEM, Role.USER, Role.ASSISTANT


def said(record: dict[str, Any]) -> list[list[tuple[str, str]]]:
    """Role and text of every conversation of a record, by the reader that recognises it."""
    reader = recognised(record, KNOWN)
    assert reader is not None
    read = reader.read(record, PLACE)
    assert all(isinstance(one, Conversation) and one.place == PLACE for one in read)
    return [[(m.role.value, m.content) for m in one.messages] for one in read if isinstance(one, Conversation)]


def fault(record: dict[str, Any]) -> tuple[Code, str]:
    """Code and text of what a record's reader says against it."""
    reader = recognised(record, KNOWN)
    assert reader is not None
    try:
        read = reader.read(record, PLACE)
    except Unreadable as raised:
        return raised.code, f"{raised.what} {raised.hint}"
    (problem,) = [one for one in read if isinstance(one, Problem)]
    return problem.code, f"{problem.text} {problem.hint}"


@pytest.mark.parametrize(
    "record",
    [
        {"instruction": "hi", "output": "Hello.", "system": "Be brief.", "history": [["a", "b"]]},
        {"conversation": [{"system": "Be brief.", "input": "a", "output": "b"}, {"input": "hi", "output": "Hello."}]},
        {
            "system": "Be brief.",
            "conversations": [
                {"from": "human", "value": "a"},
                {"from": "gpt", "value": "b"},
                {"from": "user", "value": "hi"},
                {"from": "assistant", "value": "Hello."},
            ],
        },
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": "b"},
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": "Hello."},
            ]
        },
    ],
)
def test_one_conversation_in_four_formats(record: dict[str, Any]) -> None:
    expected = [("system", "Be brief."), ("user", "a"), ("assistant", "b"), ("user", "hi"), ("assistant", "Hello.")]
    assert said(record) == [expected]


def test_the_input_follows_the_instruction() -> None:
    assert said({"instruction": "Translate.", "input": "Brot", "output": "bread"})[0][0] == ("user", "Translate.\nBrot")
    assert said({"instruction": "Hi.", "input": " ", "output": "Yes?", "history": None, "system": ""}) == [
        [("user", "Hi."), ("assistant", "Yes?")]
    ]


def test_a_system_message_goes_before_the_system_column() -> None:
    talk = [{"from": "system", "value": "in"}, {"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]
    assert said({"conversations": talk, "system": "out"})[0][0] == ("system", "in")


def test_every_grounded_turn_is_a_conversation_in_the_served_words() -> None:
    turns = [
        {"question": " when do you bake? ", "fact": "bread.baked", "answer": "At 5."},
        {"question": "and at night?", "text": "The oven is cold at night.", "answer": None},
    ]
    first, second = KNOWN["grounded"].read({"turns": turns}, PLACE)
    assert isinstance(first, Conversation)
    assert isinstance(second, Conversation)
    prompt = local_prompt("Be brief.", "We bake at 5 every morning.", "when do you bake?", GROUNDED)
    assert [(m.role.value, m.content) for m in first.messages[:-1]] == [tuple(one) for one in prompt]
    assert (first.answer, first.fact, first.category, first.asked) == (
        "At 5.",
        "bread.baked",
        "bread",
        "when do you bake?",
    )
    assert (second.answer, second.fact, second.question) == (REFUSAL, "", "and at night?")
    assert "when do you bake" not in second.messages[1].content


@pytest.mark.parametrize(
    ("record", "code", "what"),
    [
        ({"instruction": "a", "input": ""}, Code.MALFORMED, "'output' is missing"),
        ({"instruction": 3, "output": "b"}, Code.MALFORMED, "'instruction' is 3, not a string"),
        ({"instruction": "a", "output": "b", "history": "x"}, Code.MALFORMED, "'history' holds 'x'"),
        ({"instruction": "a", "output": "b", "history": [["x"]]}, Code.MALFORMED, r"'history' holds \['x'\]"),
        ({"instruction": "a", "output": "b", "history": [["x", None]]}, Code.MALFORMED, "None, not a string"),
        ({"instruction": "a", "output": " "}, Code.EMPTY, "message 2, of 'assistant', is empty"),
        ({"instruction": "a", "output": "\ud800"}, Code.MALFORMED, "half a character"),
        ({"conversation": {"input": "a"}}, Code.MALFORMED, "not a list of objects"),
        ({"conversation": []}, Code.EMPTY, "without messages"),
        (
            {"conversation": [{"input": "a", "output": "b"}, {"system": "s", "input": "a", "output": "b"}]},
            Code.MALFORMED,
            "'system' stands on turn 2",
        ),
        ({"conversations": [{"from": "tool", "value": "a"}]}, Code.MALFORMED, "'from' is 'tool'"),
        ({"conversations": [{"role": "user", "content": "a"}]}, Code.MALFORMED, "'from' is missing"),
        ({"messages": [{"role": "user", "content": ["a"]}]}, Code.MALFORMED, "not a string"),
        ({"messages": [{"role": "user", "content": "a"}]}, Code.ONE_SIDED, "no answer to 'a'"),
        (
            {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0}]},
            Code.LEFT_OUT,
            "no answer is to be learnt",
        ),
        ({"turns": []}, Code.EMPTY, "no turns"),
        ({"turns": [{"question": "a", "fact": "bread.stale", "answer": "b"}]}, Code.UNKNOWN_FACT, "'bread.stale'"),
        ({"turns": [{"question": "a", "answer": "b"}]}, Code.MALFORMED, "neither 'fact' nor 'text'"),
        ({"turns": [{"question": "a", "fact": "x", "text": "y", "answer": "b"}]}, Code.MALFORMED, "both 'fact' and"),
        ({"turns": [{"question": "a", "text": " ", "answer": "b"}]}, Code.EMPTY, "'text' is ' '"),
        ({"turns": [{"question": "a", "text": "y"}]}, Code.MALFORMED, "'answer' is missing"),
        ({"turns": [{"question": "", "text": "y", "answer": "b"}]}, Code.EMPTY, "of 'user', is empty"),
    ],
)
def test_what_is_said_of_a_record_that_cannot_be_used(record: dict[str, Any], code: Code, what: str) -> None:
    found, text = fault(record)
    assert found is code
    assert re.search(what, text), text


def test_a_bad_turn_leaves_the_others(tmp_path: Path) -> None:
    turns = [{"question": "a", "text": "y"}, {"question": "a", "text": "y", "answer": "b"}]
    bad, good = KNOWN["grounded"].read({"turns": turns}, PLACE)
    assert isinstance(bad, Problem)
    assert isinstance(good, Conversation)


def test_grounded_turns_want_a_pack() -> None:
    with pytest.raises(Unreadable, match="no pack"):
        readers(None)["grounded"].read({"turns": []}, PLACE)


@given(st.lists(st.tuples(st.sampled_from(Role), st.sampled_from(["", " ", "a", " b "])), max_size=6))
def test_a_conversation_has_its_invariants_or_is_none(parts: list[tuple[Role, str]]) -> None:
    made = conversation([Message(role, text) for role, text in parts], PLACE)
    kept = [(role, text.strip()) for role, text in parts if role is not SYSTEM or text.strip()]
    turns = kept[1:] if kept[:1] and kept[0][0] is SYSTEM else kept
    right = [USER, ASSISTANT] * (len(turns) // 2)
    valid = bool(turns) and [role for role, _ in turns] == right and all(text for _, text in turns)
    assert isinstance(made, Conversation) == valid
    if isinstance(made, Conversation):
        assert [(m.role, m.content) for m in made.messages] == kept
    else:
        assert made.code in (Code.EMPTY, Code.ONE_SIDED)


values = st.dictionaries(st.text(max_size=3), st.text(max_size=5) | st.integers() | st.none(), max_size=3)


@settings(deadline=None)
@given(st.lists(values, min_size=1, max_size=5), st.sampled_from([None, 1, 4]))
def test_arrays_and_lines_hold_the_same_records(objects: list[dict[str, Any]], indent: int | None) -> None:
    with TemporaryDirectory() as folder:
        array, lines = Path(folder, "a.json"), Path(folder, "b.jsonl")
        text = json.dumps(objects, indent=indent)
        array.write_text(f"\n \n{text}\n")
        lines.write_text("".join(f"{json.dumps(one)}\r\n\n" for one in objects))
        found, one_a_line = list(records(array)), list(records(lines))
        first = [record.place.line for record in found if isinstance(record, Record)]
    assert [record.value for record in found if isinstance(record, Record)] == objects
    assert [record.value for record in one_a_line if isinstance(record, Record)] == objects
    assert [record.place.line for record in one_a_line] == [1 + 2 * n for n in range(len(objects))]
    heights = [json.dumps(one, indent=indent).count("\n") + 1 if indent else 0 for one in objects]
    begin = 3 if not indent else 4
    assert first == [begin + sum(heights[:n]) for n in range(len(objects))]


@pytest.mark.parametrize(
    ("text", "line", "code", "what"),
    [
        (b'{"a": 1}\n\n{"a": \n', 3, Code.MALFORMED, "not JSON: Expecting value"),
        (b'[\n {"a": 1},\n {"a" 2}\n]', 3, Code.MALFORMED, "not JSON: Expecting ':' delimiter"),
        (b'[\n {"a": 1}\n {"a": 2}\n]', 3, Code.MALFORMED, "Expecting ',' or ']'"),
        (b'[{"a": 1}]\nand more', 2, Code.MALFORMED, "More text after the array"),
        (b'[{"a": 1},\n', 2, Code.MALFORMED, "not JSON"),
        (b'{"a": 1}\n7\n', 2, Code.MALFORMED, "not an object: 7"),
        (b'{"a": 1}\n{"a": "\xff"}\n', 2, Code.ENCODING, "not UTF-8"),
        (b"", 1, Code.EMPTY, "no records"),
        (b" \n[ ]", 1, Code.EMPTY, "no records"),
        (b"[" * 100_000, 1, Code.MALFORMED, "recursion"),
    ],
)
def test_a_file_that_is_not_json_has_a_line(tmp_path: Path, text: bytes, line: int, code: Code, what: str) -> None:
    path = tmp_path / "data.json"
    path.write_bytes(text)
    problem = list(records(path))[-1]
    assert isinstance(problem, Problem)
    assert (problem.place, problem.code) == (Place(path, line), code)
    assert what in problem.text


def test_good_lines_around_a_bad_one_are_read(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('\ufeff{"a": 1}\nnonsense\n{"a": 2}\n', encoding="utf-8")
    assert [type(record) for record in records(path)] == [Record, Problem, Record]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (problem,) = records(tmp_path)
    assert isinstance(problem, Problem)
    assert problem.code is Code.MISSING

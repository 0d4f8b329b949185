"""What a check says of training data."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.fuzz import token_sort_ratio

from finetune.data.check import Limits, Report, check
from finetune.data.conversation import Conversation, Message, Place, Role
from finetune.data.held_out import HeldOut, read_held_out
from finetune.data.leaks import ALIKE, MIN_WORDS, leaks
from finetune.data.load import DataFile, read_files
from finetune.data.privacy import contacts, pack_contacts
from finetune.data.problem import Code
from finetune.errors import DataError
from language.english import ENGLISH
from router.pack.load import load_pack
from router.pack.overlap import fold
from tests.router.cases import pack

HERE = Path("data.jsonl")


def talk(*texts: str, line: int = 1, fact: str = "", asked: str = "") -> Conversation:
    roles = [Role.USER, Role.ASSISTANT] * len(texts)
    messages = tuple(Message(role, text) for role, text in zip(roles, texts, strict=False))
    return Conversation(messages, Place(HERE, line), fact, asked)


def held_out(*texts: str) -> tuple[HeldOut, ...]:
    return tuple(HeldOut(text, Place(Path("eval.jsonl"), line)) for line, text in enumerate(texts, 1))


def words(conversation: Conversation) -> int:
    return sum(len(message.content.split()) for message in conversation.messages)


def report(*said: Conversation, asked: tuple[str, ...] = (), **more: object) -> Report:
    file = DataFile(HERE, "instruction", said, ())
    return check([file], held_out(*asked), words, language=ENGLISH, **more)  # type: ignore[arg-type]


def codes(found: Report) -> list[tuple[int, Code]]:
    return [(problem.place.line, problem.code) for problem in found.problems]


def test_counts_and_lengths() -> None:
    said = [talk("a " * n, "b") for n in range(1, 101)]
    found = report(*said, talk("a", "b", "c", "d"))
    assert (found.conversations, found.turns) == (101, 102)
    assert (found.files[0].format, found.files[0].turns) == ("instruction", 102)
    assert (found.lengths.median, found.lengths.p95, found.lengths.longest) == (51, 96, 101)
    assert not [problem for problem in found.problems if problem.refused]


def test_nothing_at_all() -> None:
    found = report()
    assert (found.conversations, found.lengths.longest, found.problems, found.refused) == (0, 0, (), False)


def test_what_the_readers_say_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"instruction": "a", "output": ""}\n{"instruction": "a", "output": "b"}\n')
    found = check(read_files(tmp_path, None), (), words, language=ENGLISH)
    assert [(p.place.line, p.code, p.refused) for p in found.problems] == [(1, Code.EMPTY, True)]
    assert (found.refused, found.conversations) == (True, 1)


def test_too_long_is_refused() -> None:
    found = report(talk("a " * 6, "b", line=7), talk("a " * 5, "b"), limits=Limits(max_tokens=6))
    assert codes(found) == [(7, Code.TOO_LONG)]
    assert "7 tokens, the longest may have 6" in found.problems[0].text
    assert found.refused


def test_duplicates_are_folded_and_named() -> None:
    found = report(talk("A b!", "c"), talk("a  B", "C.", line=2), talk("a b", "d", line=3))
    assert codes(found) == [(2, Code.DUPLICATE)]
    assert "the same as data.jsonl:1" in found.problems[0].text
    assert not found.refused


def test_the_same_question_under_another_text_is_no_duplicate() -> None:
    prompts = [talk(f"Customer: when?\n\nText: At {n}.", "I do not know.", asked="when?") for n in (5, 6, 5)]
    assert [code for _, code in codes(report(*prompts))] == [Code.DUPLICATE]


@pytest.mark.parametrize(
    ("question", "asked", "leaks_"),
    [
        ("Where is my parcel?", "where is my PARCEL", True),
        ("where is my parcel then", "then where is my parcel", True),
        ("how heavy is the skua tent", "how heavy is the skua tents", True),
        ("how heavy is the skua tent", "how big is the drift bag", False),
        ("thanks", "thanks!", True),
        ("thank you", "thank yous", False),
    ],
)
def test_a_held_out_question_is_refused(question: str, asked: str, leaks_: bool) -> None:
    found = report(talk(question, "b", line=4), asked=("unlike all the others here", asked))
    assert codes(found) == ([(4, Code.HELD_OUT)] if leaks_ else [])
    assert found.refused == leaks_
    assert not leaks_ or "(eval.jsonl:2)" in found.problems[0].text


def test_every_question_of_a_conversation_counts_and_one_problem_is_said() -> None:
    said = talk("where is my parcel", "b", "and when does it come", "d")
    assert codes(report(said, asked=("and when does it come?", "where is my parcel"))) == [(1, Code.HELD_OUT)]
    grounded = talk("Customer: hi\n\nText: where is my parcel", "b", asked="hi")
    assert codes(report(grounded, asked=("where is my parcel",))) == []


phrases = st.lists(st.sampled_from(["where", "is", "my", "parcel", "parcels", "the", "tent"]), min_size=1, max_size=6)


@settings(deadline=None)
@given(st.lists(phrases.map(" ".join), max_size=5), st.lists(phrases.map(" ".join), max_size=5))
def test_leaks_are_those_of_the_plain_comparison(mine: list[str], theirs: list[str]) -> None:
    said = [talk(text, "b", line=line) for line, text in enumerate(mine, 1)]

    def alike(one: str, other: str) -> bool:
        long = min(len(one.split()), len(other.split())) >= MIN_WORDS
        return one == other or (long and token_sort_ratio(one, other) >= ALIKE)

    expected = [line for line, text in enumerate(mine, 1) if any(alike(fold(text), fold(one)) for one in theirs)]
    assert [problem.place.line for problem in leaks(said, held_out(*theirs))] == expected


def test_personal_data_is_a_warning_without_the_data() -> None:
    known = contacts(["help@shop.example"], ENGLISH)
    found = report(talk("i am at 0171 234 5678", "ok", line=3), talk("who", "write to help@shop.example"), known=known)
    assert codes(found) == [(3, Code.PERSONAL)]
    assert "phone" in found.problems[0].text
    assert "234" not in found.problems[0].text
    assert not found.refused


def test_what_a_text_gives_out_may_be_said_again() -> None:
    prompt = "Customer: whom do i call\n\nText: Call 0171 234 5678."
    again = talk(prompt, "Call 0171 234 5678.", asked="whom do i call")
    other = talk(prompt, "Call 0171 234 5679.", line=2, asked="whom do i call")
    asked = talk(f"{prompt} I", "ok", line=3, asked="my name is Ann")
    assert codes(report(again, other, asked)) == [(2, Code.PERSONAL), (3, Code.PERSONAL)]


def test_what_is_still_wanted() -> None:
    said = [talk(str(n), "b", fact="hours.week") for n in range(3)] + [talk("c", "b", fact="bread.baked")]
    found = report(*said, pack=pack(), limits=Limits(per_category=3, per_fact=2))
    assert [(one.name, one.examples, one.wants) for one in found.categories] == [("bread", 1, 2), ("hours", 3, 0)]
    assert [(one.name, one.wants) for one in found.facts] == [
        ("bread.baked", 1),
        ("hours.week", 0),
        ("hours.sunday", 2),
    ]
    assert report(*said).categories == ()


def test_for_programs() -> None:
    data = report(talk("a", "b"), talk("a", "b"), pack=pack()).as_json()
    assert data["files"] == [{"path": "data.jsonl", "format": "instruction", "conversations": 2, "turns": 2}]
    assert (data["conversations"], data["refused"], data["tokens"]["longest"]) == (2, False, 2)
    assert data["categories"][0] == {"name": "bread", "examples": 0, "target": 30, "wants": 30}
    assert data["problems"][0].keys() == {"file", "line", "code", "text", "hint", "refused"}


def test_held_out_files(tmp_path: Path) -> None:
    path = tmp_path / "eval.jsonl"
    path.write_text('{"text": "a", "facts": []}\n{"turns": [{"text": "b"}, {"text": "c"}]}\n{"other": 1}\n')
    assert [(one.text, one.place.line) for one in read_held_out([path])] == [("a", 1), ("b", 2), ("c", 2)]
    path.write_text("{\n")
    with pytest.raises(DataError, match=r"eval\.jsonl:1: not JSON"):
        read_held_out([path])


def test_the_shipped_data_have_no_fault_of_form() -> None:
    support = load_pack("packs/support")
    files = read_files(Path("packs/support/train"), support)
    found = check(files, (), words, support, pack_contacts(support), language=support.rules)
    made_up = ((841, Code.PERSONAL), (862, Code.PERSONAL))  # two order numbers, in questions about such
    assert tuple((problem.place.line, problem.code) for problem in found.problems) == made_up
    assert [one.name for one in (*found.categories, *found.facts) if one.wants] == []

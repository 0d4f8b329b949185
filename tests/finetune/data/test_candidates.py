"""Answers of the log as candidates: which there are, what a person decides, and where it goes."""

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.data.add import GROUNDED_FILE, Added, add
from finetune.data.candidate_file import read_candidates, write_candidates, write_lines
from finetune.data.candidates import Candidate, LoggedTurn, merge, propose
from finetune.data.load import read_data
from finetune.data.privacy import contacts
from finetune.errors import DataError
from language.english import ENGLISH
from router.pack.load import Pack, load_pack
from router.types import FactVoice, Route
from tests.router.cases import pack as small_pack
from tests.router.conftest import SMALL

AT = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
BAKED = "We bake at 5 every morning."
LIKED = LoggedTurn(7, AT, Route.LOCAL, "bread", "when?", "At 5.", "bread.baked", BAKED, ("bread.baked",))
CLOUD = LoggedTurn(8, AT, Route.CLOUD, "hours", "and at night?", "No.", nearest=("hours.week", "hours.gone"))


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """The small pack in a folder of its own."""
    for name, text in SMALL.items():
        path = tmp_path / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_pack(tmp_path / "small")


def candidate(turn: int = 7, **more: Any) -> Candidate:
    given_ = {"route": "local", "category": "bread", "question": "when?", "answer": "At 5.", "fact": "bread.baked"}
    return Candidate(turn, AT.isoformat(), **given_ | more)


def always(text: str, question: str, answer: str) -> bool:
    return True


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_what_is_proposed_is_masked_and_not_approved() -> None:
    personal = replace(CLOUD, question="my name is Ann, a@b.example", answer="Dear Ann: 0171 234 5678")
    liked, cloud = propose([LIKED, personal], small_pack())
    assert liked == candidate(nearest=("bread.baked",))
    assert (cloud.question, cloud.answer) == ("my name is [name], [e-mail]", "Dear [name]: [phone]")
    assert (cloud.masked, cloud.fact, cloud.nearest) == (("name", "e-mail", "phone"), "", ("hours.week",))
    assert not cloud.decided


@pytest.mark.parametrize(
    "changes",
    [
        {"fact": "bread.gone", "nearest": ()},
        {"fact_text": "We bake at 6."},
        {"answer": " "},
        {"question": ""},
        {"nearest": ("bread.said", "bread.baked")},
    ],
)
def test_what_may_not_teach_is_left_out(changes: dict[str, Any]) -> None:
    assert propose([replace(LIKED, **changes)], small_pack()) == ()


def test_a_fact_said_word_for_word_or_freely_is_left_out() -> None:
    plain = small_pack()
    bread, hours = plain.categories
    for voice in (FactVoice.VERBATIM, FactVoice.FREE):
        said = replace(bread, facts=tuple(replace(fact, voice=voice) for fact in bread.facts))
        assert propose([LIKED], replace(plain, categories=(said, hours))) == ()
    assert propose([LIKED], plain)


def test_a_second_run_keeps_what_a_person_decided_and_forgets_what_the_log_forgot() -> None:
    old = [candidate(1, approved=True, question="corrected"), candidate(2, approved=True), candidate(3, declined=True)]
    new = [candidate(1), candidate(3), candidate(4), replace(candidate(2), at="2027-01-01T00:00:00+00:00")]
    merged = merge(old, new, ENGLISH)
    assert [(one.turn, one.approved, one.declined, one.question) for one in merged] == [
        (1, True, False, "corrected"),
        (3, False, True, "when?"),
        (4, False, False, "when?"),
        (2, False, False, "when?"),
    ]


def test_a_name_that_only_the_answer_gives_is_masked_in_both() -> None:
    (cloud,) = propose([replace(CLOUD, question="ann here", answer="So my name is Ann?")], small_pack())
    assert (cloud.question, cloud.answer, cloud.masked) == ("[name] here", "So my name is [name]?", ("name",))


def test_what_nobody_decided_is_masked_again_but_for_the_packs_own() -> None:
    own = "Call 0800 555 0142."
    said = {"question": "My name is Will Smith", "answer": f"Dear Will, {own}"}
    old = [candidate(1, **said, masked=("phone",)), candidate(2, **said, approved=True), candidate(3, **said)]
    first, second, third = merge(
        old, [candidate(1, answer=own), candidate(2), candidate(3)], ENGLISH, contacts([own], ENGLISH)
    )
    assert (first.question, first.answer) == ("My name is [name]", f"Dear [name], {own}")
    assert (first.masked, third.masked) == (("phone", "name"), ("name",))
    assert second == old[1]


drawn = st.builds(
    Candidate,
    st.integers(0, 9),
    st.just("2026-11-26T09:30:00+00:00"),
    st.sampled_from(["local", "cloud"]),
    *[st.text(st.characters(exclude_categories=["Cs"]), max_size=8)] * 4,
    *[st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=2).map(tuple)] * 2,
    approved=st.booleans(),
    declined=st.booleans(),
)
lists = st.lists(drawn, max_size=5, unique_by=lambda one: one.key)


@settings(deadline=None)
@given(lists, lists)
def test_merging_gives_the_logs_turns_and_is_settled_at_once(old: list[Candidate], new: list[Candidate]) -> None:
    merged = merge(old, new, ENGLISH)
    assert [one.key for one in merged] == [one.key for one in new]
    assert merge(merged, new, ENGLISH) == merged
    assert {one for one in merged if one.decided and one not in new} <= set(old)


@settings(deadline=None)
@given(lists)
def test_a_file_gives_back_what_was_written(found: list[Candidate]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "new", "candidates.jsonl")
        write_candidates(path, found)
        assert read_candidates(path) == tuple(found)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(list(path.parent.iterdir())) == 1


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "candidates.jsonl"
    write_candidates(path, [candidate(1)])
    with pytest.raises(TypeError):
        write_lines(path, [{"turn": 2}, {"turn": object()}])
    assert [one.turn for one in read_candidates(path)] == [1]
    assert list(tmp_path.iterdir()) == [path]


def test_a_line_that_an_editor_spoilt(tmp_path: Path) -> None:
    path = tmp_path / "candidates.jsonl"
    line = candidate().as_json()
    for spoilt, what in (
        (line | {"approved": "yes"}, r":2: 'approved' is 'yes': input should be a valid boolean"),
        (line | {"turn": True}, r":2: 'turn' is True: input should be a valid integer"),
        (line | {"nearest": [1]}, r":2: 'nearest\.0' is 1: input should be a valid string"),
        ({"approved": True}, r":2: 'turn' is missing\."),
        ([], r":2: not an object"),
    ):
        path.write_text(f"{json.dumps(line)}\n{json.dumps(spoilt)}\n")
        with pytest.raises(DataError, match=what):
            read_candidates(path)
    with pytest.raises(DataError, match=r"no file .* from-log"):
        read_candidates(tmp_path / "none.jsonl")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        write_candidates(tmp_path / "file" / "x.jsonl", [])


def test_only_what_was_approved_is_added_once_and_can_be_read(pack: Pack) -> None:
    found = [
        candidate(1, approved=True),
        candidate(2),
        candidate(3, declined=True),
        candidate(4, approved=True, route="cloud", fact="", question="at night?", answer="No."),
        candidate(5, approved=True, route="cloud", fact="hours.sunday", answer="Closed on Sundays."),
    ]
    assert add(found, pack, always) == Added(grounded=2, cloud=1, known=0, unsupported=())
    assert add(found, pack, always) == Added(grounded=0, cloud=0, known=3, unsupported=())
    assert [row["turn"] for row in rows(pack.folder / GROUNDED_FILE)] == [1, 5]
    first, second = read_data(pack.folder / "train", pack)
    assert (first.fact, first.asked, first.answer) == ("bread.baked", "when?", "At 5.")
    assert second.fact == "hours.sunday"
    (cloud,) = read_data(pack.folder / "train-cloud", None)
    assert [message.content for message in cloud.messages] == ["Be brief.", "at night?", "No."]


def test_what_stood_there_stays(pack: Pack) -> None:
    path = pack.folder / GROUNDED_FILE
    path.parent.mkdir()
    before = {"turns": [{"question": "q", "fact": "bread.baked", "answer": None}]}
    path.write_text(json.dumps(before))
    add([candidate(approved=True)], pack, always)
    assert rows(path)[0] == before
    assert len(rows(path)) == 2
    path.write_text("spoilt\n")
    with pytest.raises(DataError, match=r"from-log\.jsonl:1: not JSON"):
        add([candidate(8, approved=True)], pack, always)
    assert path.read_text() == "spoilt\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [("identity.json", "of the format 'instruction'"), ("dataset_info.json", r"from-log\.jsonl would not be")],
)
def test_what_would_not_be_trained_on_is_not_added(pack: Pack, name: str, said: str) -> None:
    folder = pack.folder / "train"
    folder.mkdir()
    (folder / "identity.json").write_text('[{"instruction": "who are you", "input": "", "output": "Pip."}]')
    if name == "dataset_info.json":
        (folder / name).write_text('{"mine": {"file_name": "identity.json"}}')
    with pytest.raises(DataError, match=said):
        add([candidate(approved=True)], pack, always)
    assert not (pack.folder / GROUNDED_FILE).exists()


def test_an_answer_that_its_fact_does_not_bear_out_is_left_out(pack: Pack) -> None:
    asked = []

    def borne_out(text: str, question: str, answer: str) -> bool:
        asked.append((text, question, answer))
        return answer == "At 5."

    found = [candidate(1, approved=True), candidate(2, approved=True, answer="At 6."), candidate(3, answer="At 7.")]
    assert add(found, pack, borne_out) == Added(grounded=1, cloud=0, known=0, unsupported=(2,))
    assert asked == [(BAKED, "when?", "At 5."), (BAKED, "when?", "At 6.")]


def test_a_fact_that_is_none_stops_everything(pack: Pack) -> None:
    found = [candidate(1, approved=True), candidate(2, approved=True, fact="bread.gone")]
    with pytest.raises(DataError, match=r"Turn 2: 'bread\.gone' is no fact of 'small'"):
        add(found, pack, always)
    assert not (pack.folder / GROUNDED_FILE).exists()

"""What a pack says to danger: every way in which it can be wrong has an error that says what to do."""

import json
import shutil
from pathlib import Path

import pytest

from router.errors import PackError
from router.pack.load import load_pack
from router.pack.safety import MIN_MESSAGES, SafetyMessage, read_messages, read_safety, read_safety_messages
from router.training.safety import open_danger
from tests.router.conftest import SUPPORT

FIRE = """country = "IE"

[[kinds]]
key = "fire"
text = "Get out, and stay out for 15 minutes at least."
contacts = ["Fire brigade: 112 or 999", "Gas, 24 hours: 1800 20 50 50"]

[[kinds]]
key = "legal"
person = true
text = "A person decides."
contacts = ["Write to us"]
"""


def write(folder: Path, text: str) -> Path:
    (folder / "safety.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_pack_without_it_tells_no_danger(pack_dir: Path, tmp_path: Path) -> None:
    assert load_pack(pack_dir).safety is None
    assert open_danger(load_pack(pack_dir), tmp_path) is None


def test_the_answer_is_the_text_with_its_contacts(tmp_path: Path) -> None:
    safety = read_safety(write(tmp_path, FIRE))
    assert safety is not None
    assert [fact.id for fact in safety.facts] == ["safety.fire", "safety.legal"]
    assert safety.facts[0].text == (
        "Get out, and stay out for 15 minutes at least.\n\n- Fire brigade: 112 or 999\n- Gas, 24 hours: 1800 20 50 50"
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ('contacts = ["Fire brigade: 112 or 999", "Gas, 24 hours: 1800 20 50 50"]', "", 4, "has no contact"),
        ("112 or 999", "911", 6, "911 is an emergency number elsewhere, and not in IE"),
        ("112 or 999", "us, from 8:00 to 19:00", 6, "names no emergency number of IE"),
        ('country = "IE"', 'country = "Ireland"', 1, "is no country whose emergency numbers are known"),
        ('country = "IE"', 'country = "US"', 6, "999 is an emergency number elsewhere, and not in US"),
        ('country = "IE"', "", 1, "'country' is missing"),
        ('key = "legal"', 'key = "fire"', 9, "the kind 'fire' exists twice"),
        ('text = "Get out, and stay out for 15 minutes at least."', "", 4, "'text' is missing"),
        ("contacts = [", "contact = [", 6, "unknown key 'contact'"),
    ],
)
def test_what_can_be_wrong(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    with pytest.raises(PackError) as caught:
        read_safety(write(tmp_path, FIRE.replace(old, new, 1)))
    assert what in str(caught.value)
    assert caught.value.hint
    assert f"safety.toml:{line}:" in str(caught.value)


def test_it_must_have_a_kind(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no kinds of danger"):
        read_safety(write(tmp_path, 'country = "IE"\n'))


def test_no_category_may_have_its_name(pack_dir: Path) -> None:
    bread = pack_dir / "categories" / "bread.toml"
    bread.write_text(bread.read_text(encoding="utf-8").replace('"bread', '"safety'), encoding="utf-8")
    load_pack(pack_dir)
    with pytest.raises(PackError, match="is that of messages of danger"):
        load_pack(write(pack_dir, FIRE))


def test_what_was_learnt_must_be_there_and_whole(pack_dir: Path, tmp_path: Path) -> None:
    write(pack_dir, FIRE)
    with pytest.raises(PackError, match="what was learnt of danger is not there") as caught:
        open_danger(load_pack(pack_dir), tmp_path)
    assert "firstline safety tune" in caught.value.hint


def test_each_kind_that_is_told_must_have_a_text(pack_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(SUPPORT / "safety", pack_dir / "safety")
    write(pack_dir, FIRE)
    with pytest.raises(
        PackError, match=r"abuse, fire_fumes, injury, self_harm, violence are told; safety\.toml has none"
    ):
        open_danger(load_pack(pack_dir), tmp_path)


def rows(count: int, kind: str | None) -> list[str]:
    return [json.dumps({"text": f"{kind} {number}", "kind": kind}) for number in range(count)]


def test_messages_that_teach(tmp_path: Path) -> None:
    safety = read_safety(write(tmp_path, FIRE))
    assert safety is not None
    safety.folder.mkdir()
    path = safety.folder / "messages.jsonl"
    lines = [*rows(MIN_MESSAGES, "fire"), *rows(MIN_MESSAGES, "legal"), *rows(MIN_MESSAGES - 1, None)]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert read_messages(path, safety)[0] == SafetyMessage("fire 0", "fire")
    with pytest.raises(PackError, match=r"fewer than 20 harmless messages \(kind null\)"):
        read_safety_messages(safety)
    path.write_text("\n".join([*lines, *rows(1, None)]), encoding="utf-8")
    assert len(read_safety_messages(safety)) == 3 * MIN_MESSAGES
    path.write_text("\n".join([*lines, *rows(1, "flood")]), encoding="utf-8")
    with pytest.raises(PackError, match=r"messages.jsonl:60: unknown kind 'flood'"):
        read_safety_messages(safety)
    path.write_text('{"text": ""}', encoding="utf-8")
    with pytest.raises(PackError, match=r"messages.jsonl:1: 'text' is ''"):
        read_safety_messages(safety)

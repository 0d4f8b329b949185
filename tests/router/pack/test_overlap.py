"""What is measured on, or calibrated on, must not have been learnt."""

import json
from pathlib import Path

import pytest

from router.errors import PackError
from router.pack.labelled import Labelled
from router.pack.load import load_pack
from router.pack.overlap import fold, refuse_overlap, taught
from router.pack.source import Source


def test_case_spaces_and_punctuation_do_not_tell_messages_apart() -> None:
    assert fold(" When do  you open?! ") == fold("when do you open")
    assert fold("🙂") != fold("🙁")


def test_a_calibration_message_that_is_taught_is_refused(pack_dir: Path) -> None:
    rows = [{"text": "is it new"}, {"text": "Opening hours?"}, {"text": "open on Sunday"}]
    (pack_dir / "calibration.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with pytest.raises(PackError, match=r"calibration.jsonl:2: 'Opening hours\?' stands under 'hours.week' too \(2 m"):
        load_pack(pack_dir)


def test_what_a_pack_teaches(pack_dir: Path) -> None:
    pack = load_pack(pack_dir)
    known = taught(pack.categories, pack.out_of_scope, pack.dialogues, pack.rules)
    assert (known["write a poem"], known["rye bread"], known["baking times"]) == (
        "out_of_scope",
        "bread",
        "bread.baked",
    )


def test_the_line_is_found_however_the_text_is_written(tmp_path: Path) -> None:
    for ascii_only in (True, False):
        path = tmp_path / "rows.jsonl"
        path.write_text("\n" + json.dumps({"text": "à la carte"}, ensure_ascii=ascii_only), encoding="utf-8")
        with pytest.raises(PackError, match=r"rows.jsonl:2: .*one message"):
            refuse_overlap(Source.read(path, ""), [Labelled("à la carte", None, ())], {"à la carte": "x"}, "")

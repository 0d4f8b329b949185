"""What is measured of a model's variants, and the card that is written from it."""

import json
from pathlib import Path

import pytest

from finetune.errors import RunError
from finetune.judging.agreement import Agreement
from finetune.judging.variants import (
    FULL,
    SERVED,
    TORCH,
    VARIANTS,
    Measured,
    Remark,
    Variant,
    Variants,
    pairs_of,
    read_variants,
)
from router.stats import Share

ROW = Measured(SERVED, 108_000_000, 250_000_000, 110.0, 80.0, Share(196, 200), Agreement(190, 6, 4))
FOUND = Variants(
    prompts=200,
    measured=(ROW,),
    parity={f"{SERVED} ~ {FULL}": Agreement(38, 1, 1)},
    remarks=(Remark("how long?", {SERVED: "60 days", FULL: "60 days.", TORCH: "60 days"}),),
    general_before=Share(117, 150),
    general_after=Share(115, 150),
    general_p=0.69,
)


def test_forms_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="its variants were not measured"):
        read_variants(tmp_path)
    (tmp_path / VARIANTS).write_text(json.dumps(FOUND.as_json()))
    assert read_variants(tmp_path) == FOUND
    assert FOUND.of(SERVED) == ROW
    with pytest.raises(RunError, match="'Q4_K_M' was not measured"):
        FOUND.of("Q4_K_M")
    (tmp_path / VARIANTS).write_text(json.dumps(FOUND.as_json() | {"parity": {"a": {"exact": 1}}}))
    with pytest.raises(RunError, match=r"forms\.json is damaged"):
        read_variants(tmp_path)


def test_every_pair_of_forms_is_compared_once() -> None:
    assert list(pairs_of({"a": ["1"], "b": ["2"], "c": ["3"]})) == ["a ~ b", "a ~ c", "b ~ c"]


def test_a_form_is_as_large_as_its_files(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"12345")
    (tmp_path / "a").write_bytes(b"12")
    assert Variant("merged", tmp_path / "m").bytes == 5
    assert Variant("over", tmp_path / "m", tmp_path / "a").bytes == 7

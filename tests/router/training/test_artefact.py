"""Artefacts: rebuilt when anything changes or is damaged, otherwise used again; never pickle."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import router.router
from localmodel.atomic_files import sha256
from router.bundle import ARRAYS, META
from router.encoder.encoder import Encoder
from router.errors import ArtefactError, PolicyError
from router.policy.policy import Policy
from router.router import Router
from router.training.artefact import load_artefact


def _open(pack_dir: Path, cache: Path, encoder: Encoder) -> tuple[Router, Path]:
    built = Router.open(pack_dir, cache, encoder)
    return built, next(cache.glob("router-*"))


def test_used_again_and_the_same(
    pack_dir: Path, tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, _ = _open(pack_dir, tmp_path / "cache", encoder)
    monkeypatch.setattr(router.router, "build", lambda *_: pytest.fail("trained again"))
    again, _ = _open(pack_dir, tmp_path / "cache", encoder)
    for text in ("open on sunday", "is the bread fresh", "write a poem"):
        assert again.scores(text) == built.scores(text)
    assert again.policy == built.policy


def test_a_training_is_told_before_it_begins(pack_dir: Path, tmp_path: Path, encoder: Encoder) -> None:
    told: list[str] = []
    Router.open(pack_dir, tmp_path / "cache", encoder, told.append)
    (line,) = told
    assert "Training the router for the pack 'small'" in line
    Router.open(pack_dir, tmp_path / "cache", encoder, told.append)
    assert told == [line]


def test_training_is_deterministic(pack_dir: Path, tmp_path: Path, encoder: Encoder) -> None:
    one, first = _open(pack_dir, tmp_path / "one", encoder)
    other, second = _open(pack_dir, tmp_path / "other", encoder)
    assert one.policy == other.policy
    assert first.name == second.name
    with np.load(first / ARRAYS, allow_pickle=False) as left, np.load(second / ARRAYS) as right:
        assert all(np.array_equal(left[name], right[name]) for name in left)


def test_another_pack_is_another_artefact(pack_dir: Path, tmp_path: Path, encoder: Encoder) -> None:
    _open(pack_dir, tmp_path / "cache", encoder)
    with (pack_dir / "out_of_scope.txt").open("a") as file:
        file.write("sing me a song\n")
    changed, _ = _open(pack_dir, tmp_path / "cache", encoder)
    assert len(list((tmp_path / "cache").glob("router-*"))) == 2
    assert changed.scores("sing me a song").neighbours[0].label == "out_of_scope"


@pytest.mark.parametrize("damage", ["cut arrays", "no arrays", "no meta", "cut meta", "list", "other meta", "policy"])
def test_a_damaged_artefact_is_rebuilt(pack_dir: Path, tmp_path: Path, encoder: Encoder, damage: str) -> None:
    built, folder = _open(pack_dir, tmp_path / "cache", encoder)
    _spoil(folder, damage)
    assert load_artefact(folder) is None
    again, _ = _open(pack_dir, tmp_path / "cache", encoder)
    assert again.scores("open on sunday") == built.scores("open on sunday")
    assert load_artefact(folder) is not None


def _spoil(folder: Path, damage: str) -> None:
    arrays, meta = folder / ARRAYS, folder / META
    contents = json.loads(meta.read_text())
    if damage == "cut arrays":
        arrays.write_bytes(arrays.read_bytes()[:-100])
    elif damage == "no arrays":
        arrays.unlink()
    elif damage == "no meta":
        meta.unlink()
    elif damage == "cut meta":
        meta.write_text(meta.read_text()[:50])
    elif damage == "list":
        meta.write_text("[]")
    elif damage == "other meta":
        np.savez(arrays, other=np.zeros(3))
        meta.write_text(json.dumps(contents | {"sha256": sha256(arrays)}))
    else:
        meta.write_text(json.dumps(contents | {"policy": {"thresholds": {"bread": 7}, "fact_threshold": 0}}))


def test_no_place_to_write(pack_dir: Path, tmp_path: Path, encoder: Encoder) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtefactError, match="cannot be written"):
        Router.open(pack_dir, tmp_path / "file", encoder)


def test_nothing_is_left_behind(pack_dir: Path, tmp_path: Path, encoder: Encoder) -> None:
    _, folder = _open(pack_dir, tmp_path / "cache", encoder)
    assert sorted(path.name for path in folder.iterdir()) == [ARRAYS, META]
    assert list((tmp_path / "cache").iterdir()) == [folder]
    shutil.rmtree(folder)


def test_another_policy(pack_dir: Path, tmp_path: Path, encoder: Encoder) -> None:
    built, _ = _open(pack_dir, tmp_path / "cache", encoder)
    strict = built.with_policy(Policy({"bread": 1.0, "hours": 1.0}, 1.0))
    assert strict.decide("open on sunday").facts == ()
    with pytest.raises(PolicyError, match="no threshold for 'hours'"):
        built.with_policy(Policy({"bread": 0.5}, 0.5))

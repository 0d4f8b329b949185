"""Tuning the encoder: the loop on a small pack, what is kept of it, and how it is loaded."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from router.encoder.encoder import ADAPTER, Encoder, adapter_hash
from router.encoder.lora import IGNORE, Recipe, noisy, tune
from router.errors import EncoderError
from router.model.corpus import build_corpus
from router.pack.load import ENCODER_FOLDER, load_pack
from router.router import Router
from router.training.tune_encoder import CARD, Quality, Tuned, _heads, tune_pack

QUICK = Recipe(rank=4, batch=16, epochs=2)


@pytest.fixture
def pack_dir(pack_dir: Path, tiny_encoder: Path) -> Path:
    """The small pack over an encoder that is as small."""
    with (pack_dir / "pack.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[models]\nencoder = "{tiny_encoder}"\n')
    return pack_dir


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    folder = tmp_path_factory.mktemp("tuned") / "adapter"
    texts = ["where is my order", "my parcel is late", "refund please", "send it back"] * 4
    heads = [np.array([0, 0, 1, 1] * 4), np.array([0, 1, IGNORE, IGNORE] * 4)]
    steps: list[tuple[int, int]] = []
    tune(str(tiny_encoder), texts, heads, folder, QUICK, lambda step, of, _: steps.append((step, of)))
    assert steps == [(1, 2), (2, 2)]
    return folder


def test_an_adapter_is_small_and_says_nothing_of_this_machine(adapter: Path) -> None:
    assert {weights.dtype for weights in load_file(adapter / ADAPTER).values()} == {np.dtype(np.float16)}
    assert str(Path.home()) not in (adapter / "adapter_config.json").read_text()
    assert {path.name for path in adapter.iterdir()} == {ADAPTER, "adapter_config.json"}


def test_a_tuned_encoder_is_another_one(adapter: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    plain, tuned = (Encoder.load(tmp_path, str(tiny_encoder), tuning) for tuning in (None, adapter))
    assert tuned.fingerprint != plain.fingerprint
    one, other = (encoder.encode_one("where is my order") for encoder in (plain, tuned))
    assert not np.array_equal(one, other)
    assert 0.5 < float(one @ other) < 1.0 + 1e-6


def test_a_pack_is_tuned_and_the_outcome_kept_only_if_better(
    pack_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack, cache_dir = load_pack(pack_dir), tmp_path / "cache"
    outcome = tune_pack(pack, cache_dir, QUICK, lambda *_: None)
    assert outcome.kept == (outcome.after.log_loss < outcome.before.log_loss)
    assert (pack_dir / ENCODER_FOLDER).is_dir() == outcome.kept
    worse = iter([Quality(1, 1, 1, 1, 0.1), Quality(1, 1, 1, 1, 0.2)])
    monkeypatch.setattr("router.training.tune_encoder._quality", lambda *_: next(worse))
    other = replace(pack, folder=pack_dir / "other")
    assert not tune_pack(other, cache_dir, QUICK, lambda *_: None).kept
    assert not (pack_dir / "other").exists()
    better = iter([Quality(1, 1, 1, 1, 0.2), Quality(1, 1, 1, 1, 0.1)])
    monkeypatch.setattr("router.training.tune_encoder._quality", lambda *_: next(better))
    kept: Tuned = tune_pack(pack, cache_dir, QUICK, lambda *_: None)
    assert kept.kept
    card = json.loads((pack_dir / ENCODER_FOLDER / CARD).read_text())
    assert card["before"]["log_loss"] > card["after"]["log_loss"]
    assert Router.open(pack_dir, cache_dir).decide("when do you bake").category == "bread"


def test_an_adapter_that_is_none_is_refused(tmp_path: Path, cache_dir: Path) -> None:
    with pytest.raises(EncoderError, match="does not exist"):
        adapter_hash(tmp_path)
    (tmp_path / ADAPTER).write_bytes(b"not an adapter")
    with pytest.raises(EncoderError, match="does not fit"):
        Encoder.load(cache_dir, None, tmp_path)


def test_calibration_messages_are_never_learnt_from(pack_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = build_corpus(load_pack(pack_dir))
    assert not corpus.calibration.any()
    seen: list[str] = []

    def record(_: str, texts: list[str], *rest: object) -> None:
        seen.extend(texts)
        raise EncoderError("enough", "")

    monkeypatch.setattr("router.training.tune_encoder.tune", record)
    monkeypatch.setattr("router.training.tune_encoder._quality", lambda *_: Quality(1, 1, 1, 1, 1))
    with pytest.raises(EncoderError, match="enough"):
        tune_pack(load_pack(pack_dir), pack_dir.parent, QUICK, lambda *_: None)
    assert 0 < len(seen) < len(corpus.texts)


def test_noise_is_rare_and_leaves_short_texts() -> None:
    rng = np.random.default_rng(0)
    texts = [noisy("where is my parcel", rng) for _ in range(400)]
    changed = sum(text != "where is my parcel" for text in texts)
    assert 20 < changed < 120
    assert all(noisy("parcel", rng) == "parcel" for _ in range(50))


def test_how_often_messages_are_gone_through() -> None:
    assert Recipe().epochs_for(100) == 8
    assert Recipe().epochs_for(50_000) == 3
    assert Recipe(epochs=5).epochs_for(100) == 5


def test_near_misses_have_a_class_of_their_own_in_each_category(pack_dir: Path) -> None:
    for name in ("bread", "hours"):
        path = pack_dir / "categories" / f"{name}.toml"
        path.write_text(
            path.read_text().replace("[[facts]]", f'unanswerable = ["{name} why", "{name} who"]\n[[facts]]', 1)
        )
    corpus = build_corpus(load_pack(pack_dir))
    _, fact = _heads(corpus)
    assert dict(zip(corpus.texts, fact, strict=True))["bread why"] == len(corpus.fact_category)
    assert sorted(fact[corpus.unanswerable]) == [3, 3, 4, 4]

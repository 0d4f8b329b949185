"""The encoder: exported once, checked always, the same vector for the same text."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import router.encoder.encoder
import router.encoder.export
from router.encoder.encoder import DEFAULT_SHA256, Encoder, shipped_model
from router.encoder.export import MIN_COSINE, SCHEMES
from router.encoder.onnx import CARD, ONNX, TOKENIZER
from router.errors import EncoderError

TEXTS = ["where is my parcel", "do you ship to Canada", "", "x" * 5000, "naïve café 🙂", "\x00"]


def test_vectors_are_unit_and_float32(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_text_has_one_vector_whatever_stands_beside_it(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert np.array_equal(encoder.encode_one(text), vector)


def test_case_does_not_matter(encoder: Encoder) -> None:
    assert np.array_equal(encoder.encode_one("WHERE IS MY PARCEL"), encoder.encode_one("where is my parcel"))


def test_words_beyond_the_limit_are_not_read(encoder: Encoder) -> None:
    assert np.array_equal(encoder.encode_one("tent " * 300), encoder.encode_one("tent " * 3000))


def test_it_agrees_with_torch(encoder: Encoder) -> None:
    from sentence_transformers import SentenceTransformer

    texts = [text for text in TEXTS if text.strip("\x00")]
    reference = SentenceTransformer(shipped_model(), device="cpu").encode(texts, normalize_embeddings=True)
    assert (encoder.encode(texts) * reference).sum(axis=1).min() > MIN_COSINE


def test_the_card_says_what_was_exported(export_dir: Path) -> None:
    card = json.loads((export_dir / CARD).read_text())
    assert (card["max_tokens"], card["pooling"]) == (256, "mean")
    assert card["scheme"] in SCHEMES
    assert card["cosine"] >= MIN_COSINE
    assert sorted(path.name for path in export_dir.iterdir()) == sorted([CARD, ONNX, TOKENIZER])


def test_an_export_is_used_again(own_cache: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router.encoder.export, "export", lambda *_: pytest.fail("exported again"))
    assert Encoder.load(own_cache).fingerprint == encoder.fingerprint


@pytest.mark.parametrize("damage", ["half a network", "no card", "broken card", "no tokenizer"])
def test_a_damaged_export_is_made_anew(
    own_cache: Path, export_dir: Path, monkeypatch: pytest.MonkeyPatch, encoder: Encoder, damage: str
) -> None:
    folder = own_cache / export_dir.name
    _spoil(folder, damage)

    def again(_model: str, fresh: Path, _adapter: None) -> None:
        shutil.copytree(export_dir, fresh, dirs_exist_ok=True)

    monkeypatch.setattr(router.encoder.export, "export", again)
    assert Encoder.load(own_cache).fingerprint == encoder.fingerprint
    assert [path.name for path in own_cache.iterdir()] == [folder.name]


def _spoil(folder: Path, damage: str) -> None:
    if damage == "half a network":
        (folder / ONNX).write_bytes((folder / ONNX).read_bytes()[:1000])
    elif damage == "no card":
        (folder / CARD).unlink()
    elif damage == "broken card":
        (folder / CARD).write_text("{}")
    else:
        (folder / TOKENIZER).unlink()


def test_an_export_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_model: str, fresh: Path, _adapter: None) -> None:
        (fresh / ONNX).write_bytes(b"half")
        raise EncoderError("No.", "Try again.")

    monkeypatch.setattr(router.encoder.export, "export", fails)
    with pytest.raises(EncoderError):
        Encoder.load(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_is_always_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        router.encoder.export, "export", lambda _model, fresh, _adapter: (fresh / CARD).write_text("{}")
    )
    with pytest.raises(EncoderError, match="damaged again"):
        Encoder.load(tmp_path)


def test_a_model_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"nowhere.* cannot be exported"):
        Encoder.load(tmp_path / "cache", str(tmp_path / "nowhere"))


def test_the_weights_are_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    assert DEFAULT_SHA256.startswith("53aa5117")
    assert DEFAULT_SHA256.endswith("d9db")
    monkeypatch.setattr(router.encoder.encoder, "sha256", lambda _: "0" * 64)
    with pytest.raises(EncoderError, match="not the pinned model"):
        shipped_model()


def test_the_weights_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router.encoder.encoder, "DEFAULT_PACKAGE", "no_such_package")
    with pytest.raises(EncoderError, match="'no_such_package' is not installed"):
        shipped_model()


def test_a_model_that_does_not_stand_int8(tmp_path: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router.encoder.export, "MIN_COSINE", 1.1)
    with pytest.raises(EncoderError, match="changes when quantised"):
        Encoder.load(tmp_path, str(tiny_encoder))


def test_a_model_with_another_pooling(tmp_path: Path, tiny_encoder: Path) -> None:
    source = tmp_path / "model"
    shutil.copytree(tiny_encoder, source)
    pooling = source / "1_Pooling" / "config.json"
    settings = json.loads(pooling.read_text()) | {"pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": True}
    pooling.write_text(json.dumps(settings))
    with pytest.raises(EncoderError, match="with pooling 'max'"):
        Encoder.load(tmp_path / "cache", str(source))

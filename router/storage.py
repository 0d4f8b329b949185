"""Folders that appear whole or not at all, and the hashes that vouch for them."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def sha256(path: Path) -> str:
    """The file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_folder(target: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write a new folder beside `target`, then put it in its place.

    A reader never sees a half-written folder; when two processes write at once, either's folder stands. What
    `fill` raises passes through, and nothing is left behind.
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

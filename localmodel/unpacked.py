"""8-bit weights made once from a file whose own kind llama.cpp computes slowly.

llama.cpp multiplies a whole batch at once by weights of some kinds, and row by row by those of others; Q4_1 is one of
them. Its weights written in 8 bits are the same but for a rounding of half a percent of a block's largest, and evaluate
prompts and drafts in 0.57 of the time, for half as much memory again; docs/local-engine.md has the figures.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

from localmodel.atomic_files import sha256, write_text
from localmodel.errors import ModelFileError
from localmodel.quantize import quantize

log = logging.getLogger(__name__)

FILE_TYPE = "general.file_type"
SLOW = frozenset({"3"})
"""Values of FILE_TYPE: Q4_1."""


def unpacked(path: Path, metadata: Mapping[str, str], folder: Path) -> Path:
    """The weights to compute with: in `folder` and of 8 bits where the file is of a slow kind, else `path` itself.

    They are made in two seconds where they are not there, or not as they were made. Where the disk does not take them
    `path` is computed with, and a warning says so.
    """
    if metadata.get(FILE_TYPE) not in SLOW:
        return path
    target = folder / f"{sha256(path)}.q8_0.gguf"
    vouched = target.with_suffix(".sha256")
    try:
        if not _whole(target, vouched):
            folder.mkdir(parents=True, exist_ok=True)
            quantize(path, target, "Q8_0", again=True)
            write_text(vouched, sha256(target))
    except (OSError, ModelFileError) as error:
        log.warning("Local answers take twice as long: %s cannot be written (%s). Make room for it.", target, error)
        return path
    return target


def _whole(target: Path, vouched: Path) -> bool:
    try:
        return sha256(target) == vouched.read_text(encoding="ascii")
    except (OSError, ValueError):
        return False

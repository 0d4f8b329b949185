"""A run's adapter merged into its base."""

from pathlib import Path

from finetune.errors import RunError
from localmodel.adapter import Adapter
from localmodel.merge import merge as write_merged


def merge(base: Path, adapter: Adapter, path: Path, *, name: str, base_sha256: str, form: str) -> None:
    """Write the merged model, 16 bits wide, whole or not at all. Raises BaseModelError, and RunError when the disk does
    not let it.
    """
    try:
        write_merged(base, adapter, path, name=name, base_sha256=base_sha256, form=form)
    except OSError as error:
        raise RunError(
            f"{path} cannot be written ({error.strerror}).", "Make room, and run `firstline finetune quantize` again."
        ) from error

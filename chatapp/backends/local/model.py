"""The local model's file by the settings of the product."""

from pathlib import Path

from chatapp.backends.local.faults import as_operators_error
from chatapp.settings import Settings
from localmodel.atomic_files import sha256
from localmodel.model_file import SHIPPED_SHA256, find_model


def model_file(settings: Settings) -> Path:
    """The file that `settings` mean, checked against FIRSTLINE_LOCAL_MODEL_SHA256 or the pinned hash.

    Raises ModelFileError.
    """
    with as_operators_error():
        return find_model(settings.local_model, settings.local_model_sha256)


def model_hash(settings: Settings) -> str:
    """SHA-256 of the local model's file, in hex. Raises ModelFileError."""
    return sha256(model_file(settings)) if settings.local_model else SHIPPED_SHA256

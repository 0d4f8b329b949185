"""The local model's file by the settings of the product, and its faults as the application's own errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatapp.errors import ModelFileError
from chatapp.settings import Settings
from localmodel import errors
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


@contextmanager
def as_operators_error() -> Iterator[None]:
    """A model or an adapter that cannot be loaded is a ModelFileError of the application, with a code and a status."""
    try:
        yield
    except (errors.ModelFileError, errors.BaseModelError) as error:
        raise ModelFileError(error.what, error.hint) from error

"""The engine's errors as the application's own."""

from collections.abc import Iterator
from contextlib import contextmanager

import engine
from chatapp.errors import (
    LocalModelError,
    ModelFileError,
    ProviderBusyError,
    ProviderContextError,
    ProviderError,
    ProviderTimeoutError,
)
from localmodel import errors

_KINDS: dict[type[Exception], type[ProviderError]] = {
    engine.ContextError: ProviderContextError,
    engine.LineFullError: ProviderBusyError,
    engine.DeadlineError: ProviderTimeoutError,
}


def as_local_fault(what: str, error: BaseException) -> ProviderError:
    """`error` of a call as the application knows it; `what` says what was being done, for one that does not."""
    if isinstance(error, ProviderError):
        return error
    if isinstance(error, errors.ExplainedError):
        return _KINDS.get(type(error), LocalModelError)(error.what, error.hint)
    return LocalModelError(
        f"{what}: {type(error).__name__} {str(error)!r}.",
        "Try again; if it stays, run `firstline doctor` and check the file of FIRSTLINE_LOCAL_MODEL.",
    )


@contextmanager
def as_provider_error() -> Iterator[None]:
    """An error of the engine is a ProviderError."""
    try:
        yield
    except engine.EngineError as error:
        raise as_local_fault("", error) from error


@contextmanager
def as_operators_error() -> Iterator[None]:
    """A model, an adapter or a size that cannot be had is a ModelFileError of the application, with code and status."""
    try:
        yield
    except (errors.ModelFileError, errors.BaseModelError, engine.EngineError) as error:
        raise ModelFileError(error.what, error.hint) from error

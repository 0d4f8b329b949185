"""Values as JSON-ready data."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class HasJson(Protocol):
    """A value that says itself what stands for it."""

    def as_json(self) -> Any:
        """JSON-ready data."""


def plain(value: Any) -> Any:
    """By its own `as_json` where it has one; else dataclasses and mappings as objects, sequences as arrays, enums as
    their values, floats to four places.
    """
    if isinstance(value, HasJson):
        return value.as_json()
    if is_dataclass(value):
        return plain_fields(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    return round(value, 4) if isinstance(value, float) else value


def plain_fields(value: Any) -> dict[str, Any]:
    """The fields of a dataclass by name: what its `as_json` can be made from."""
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}

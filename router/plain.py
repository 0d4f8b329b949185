"""Figures as JSON-ready data."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any

from router.stats import Share


def plain(value: Any) -> Any:
    """Dataclasses and mappings as objects, sequences as arrays, enums as their values, floats to four places.

    A Share is `{"value", "low", "high", "hits", "n"}`.
    """
    if isinstance(value, Share):
        ends = {"value": value.value, "low": value.low, "high": value.high}
        return {name: round(end, 4) for name, end in ends.items()} | {"hits": value.hits, "n": value.n}
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    return round(value, 4) if isinstance(value, float) else value

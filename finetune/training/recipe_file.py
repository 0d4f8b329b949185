"""The recipe of a run: defaults, then the pack's `train/recipe.toml`, then `name=value` of the command line."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Any

from finetune.errors import RunError
from finetune.training.recipe import Recipe

FILE = "recipe.toml"
PACK, COMMAND_LINE, SWEEP = "pack", "command line", "sweep"
_DEFAULTS = Recipe()


def resolve_recipe(pack: Path, given: Sequence[str] = ()) -> tuple[Recipe, dict[str, str]]:
    """The recipe, and the source of each setting that is not a default. Raises RunError."""
    written = _written(pack / "train" / FILE)
    named = dict(_pair(one) for one in given)
    values = {name: _value(name, value) for name, value in (written | named).items()}
    sources = dict.fromkeys(written, PACK) | dict.fromkeys(named, COMMAND_LINE)
    return replace(_DEFAULTS, **values), sources


def grid(recipe: Recipe, given: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Every combination of `name=value,value,…`: the settings that differ from `recipe`. Raises RunError."""
    axes = {name: [_value(name, value) for value in values.split(",")] for name, values in map(_pair, given)}
    if not axes:
        raise RunError("There is nothing to sweep.", "Name one or more settings: --grid learning_rate=2e-4,5e-4")
    points = tuple(dict(zip(axes, values, strict=True)) for values in product(*axes.values()))
    for point in points:
        replace(recipe, **point)
    return points


def _written(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}.", "Write settings in it, one a line: epochs = 4") from error
    return dict(found)


def _pair(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals:
        raise RunError(f"{given!r} is no setting.", "Write name=value, for example learning_rate=2e-4.")
    return name.strip().replace("-", "_"), value.strip()


def _value(name: str, value: Any) -> Any:
    names = [field.name for field in fields(Recipe)]
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        meant = f"Did you mean {close[0]!r}?" if close else f"Use one of: {', '.join(names)}."
        raise RunError(f"There is no setting {name!r}.", meant)
    kind = type(getattr(_DEFAULTS, name))
    try:
        return kind(value)
    except (TypeError, ValueError):
        kinds = ", ".join(kind) if issubclass(kind, StrEnum) else {int: "a whole number", float: "a number"}[kind]
        raise RunError(f"{name} is {value!r}.", f"Give {kinds}.") from None

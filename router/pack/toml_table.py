"""A TOML table with typed access; every mistake names its line."""

import difflib
from collections.abc import Iterable
from typing import Any

from router.errors import PackError
from router.pack.source import Source

_WORDS: dict[type, str] = {str: "a string", list: "a list", dict: "a table", bool: "true or false"}


class Table:
    """Reads one table of `source`. `mark` is a string near it, by which lines are found."""

    def __init__(self, source: Source, data: dict[str, Any], known: Iterable[str], mark: str = "") -> None:
        self.source, self.data = source, data
        self.start = source.line_of(mark) if mark else 1
        names = tuple(known)
        for key in data:
            if key not in names:
                close = difflib.get_close_matches(key, names, n=1)
                meant = f"Did you mean {close[0]!r}?" if close else f"Use one of: {', '.join(names)}."
                raise self.error(key, f"unknown key {key!r}.", meant)

    def error(self, key: str, what: str, hint: str) -> PackError:
        """A PackError at the table's first line that begins with `key`, else at its start."""
        lines = self.source.text.splitlines()
        for number, line in enumerate(lines[self.start - 1 :], self.start):
            if number > self.start > 1 and line.startswith("["):  # another table begins, which may have the key
                break
            if line.strip(" [").startswith(key):
                return self.source.error(number, what, hint)
        return self.source.error(self.start, what, hint)

    def text(self, key: str, default: str | None = None) -> str:
        """A string that is not blank, or `default` where one is given and the key is absent."""
        if key not in self.data and default is not None:
            return default
        value: str = self._typed(key, str)
        if not value.strip():
            raise self.error(key, f"{key!r} is empty.", "Write it, or remove the key if it is optional.")
        return value.strip()

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, none of them blank; empty when the key is absent."""
        values = self._typed(key, list) if key in self.data else []
        for value in values:
            if not isinstance(value, str) or not value.strip():
                raise self.error(key, f"{key!r} holds {value!r}.", "Every entry must be a string with words.")
        return tuple(value.strip() for value in values)

    def share(self, key: str) -> float | None:
        """A number from 0 to 1, or None when the key is absent."""
        value = self.data.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise self.error(key, f"{key!r} is {value!r}.", "Write a number from 0 to 1.")
        return float(value)

    def flag(self, key: str) -> bool:
        """True or false; false when the key is absent."""
        return bool(self._typed(key, bool)) if key in self.data else False

    def table(self, key: str, known: Iterable[str]) -> "Table":
        """A table inside this one; empty when the key is absent."""
        return Table(self.source, self._typed(key, dict) if key in self.data else {}, known, f"[{key}]")

    def tables(self, key: str) -> list[dict[str, Any]]:
        """An array of tables; empty when the key is absent."""
        values: list[dict[str, Any]] = self._typed(key, list) if key in self.data else []
        if not all(isinstance(value, dict) for value in values):
            raise self.error(key, f"{key!r} is not an array of tables.", f"Begin each with [[{key}]].")
        return values

    def _typed(self, key: str, kind: type) -> Any:
        if key not in self.data:
            raise self.error(key, f"{key!r} is missing.", f"Add it as {_WORDS[kind]}.")
        if not isinstance(self.data[key], kind):
            raise self.error(key, f"{key!r} is {self.data[key]!r}.", f"It must be {_WORDS[kind]}.")
        return self.data[key]

"""One text file of a pack, and errors that name its lines."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.errors import PackError

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Source:
    """A file's path and text. `error` makes the PackError that every check of the pack raises."""

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path, hint: str) -> "Source":
        """Read `path` as UTF-8. Raises PackError with `hint` when the file is missing, else with the line."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise PackError(f"{path}: cannot be read ({error.strerror}).", hint) from None
        try:
            return cls(path, data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise PackError(f"{path}:{line}: not UTF-8.", "Save the file in UTF-8.") from None

    def line_of(self, needle: str, last: bool = False) -> int:
        """The first (or last) line, from 1, that is `needle`, or else holds it, quoted or bare; 1 when none does."""
        lines = self.text.split("\n")
        whole = [number for number, line in enumerate(lines, 1) if line.strip() == needle]
        if whole:
            return whole[-1 if last else 0]
        for form in (f'"{needle}"', f"'{needle}'", needle):
            at = self.text.rfind(form) if last else self.text.find(form)
            if at >= 0:
                return self.text.count("\n", 0, at) + 1
        return 1

    def error(self, line: int, what: str, hint: str) -> PackError:
        """A PackError that begins with `file:line:`."""
        return PackError(f"{self.path}:{line}: {what}", hint)

    def toml(self) -> dict[str, Any]:
        """The file as TOML. Raises PackError with the line that tomllib names."""
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            what = str(error)
            place = _TOML_PLACE.search(what)
            line = int(place[1]) if place and place[1] else self.text.count("\n") + 1
            said = _TOML_PLACE.sub("", what)
            raise self.error(line, f"not valid TOML: {said}.", "Correct the line, or the one above it.") from None

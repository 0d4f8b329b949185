"""The servers that an operator has taken out of the pool: a file in the data folder, a base URL a line.

A file, so that every process that uses the folder follows, and because none of the usual servers can be told to refuse
new calls by itself.
"""

from pathlib import Path

from localmodel.atomic_files import write_text

FILE = "drained-servers.txt"


class Drained:
    """Reads the file again when it changes."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE
        self._stamp, self._urls = (0, 0), frozenset[str]()

    def __contains__(self, url: str) -> bool:
        return url in self.urls

    @property
    def urls(self) -> frozenset[str]:
        """Base URLs, as the settings write them; none where the file is missing or cannot be read."""
        try:
            found = self._path.stat()
            stamp = found.st_mtime_ns, found.st_ino
            if stamp != self._stamp:
                self._urls = frozenset(self._path.read_text(encoding="utf-8", errors="replace").split())
                self._stamp = stamp
        except OSError:
            self._stamp, self._urls = (0, 0), frozenset()
        return self._urls

    def add(self, url: str) -> None:
        """Give it no new calls. Raises OSError."""
        self._write(self.urls | {url})

    def remove(self, url: str) -> None:
        """Give it calls again. Raises OSError."""
        self._write(self.urls - {url})

    def _write(self, urls: frozenset[str]) -> None:
        write_text(self._path, "".join(f"{url}\n" for url in sorted(urls)))

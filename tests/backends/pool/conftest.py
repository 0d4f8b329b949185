"""Two servers that do as they are told, and the pool of both."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from chatapp.backends.pool.pool import Pool
from tests.backends.conftest import Play, RawServer, listening, make_settings


class Two:
    """`left` is asked first."""

    def __init__(self, left: RawServer, right: RawServer, folder: Path) -> None:
        self.left, self.right, self._folder = left, right, folder

    def pool(self, left: Play, right: Play, **settings: Any) -> Pool:
        """The pool of both, which will play these."""
        self.left.plays, self.right.plays = [left], [right]
        given = {"local_base_url": f"{self.left.url}, {self.right.url}", "local_server_model": "small"}
        return Pool(make_settings(data_dir=self._folder, **(given | settings)))

    @property
    def asked(self) -> tuple[int, int]:
        """How many requests each has had."""
        return len(self.left.seen), len(self.right.seen)


@pytest_asyncio.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        left, right = [await stack.enter_async_context(listening()) for _ in range(2)]
        yield Two(left, right, tmp_path)


@pytest.fixture
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that failed may be tried again, and an idle one checked, at once."""
    monkeypatch.setattr("chatapp.backends.pool.member.CHECK_EVERY_S", 0.0)

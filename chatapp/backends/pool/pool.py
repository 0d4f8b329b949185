"""The local route by other servers: a pool of OpenAI-compatible ones that all serve the same model."""

import asyncio
import itertools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from chatapp.backends.base import ChatMessage, Request, Usage, compute_microusd
from chatapp.backends.cloud.server import local_servers
from chatapp.backends.pool.drained import Drained
from chatapp.backends.pool.health import State
from chatapp.backends.pool.member import CHECK_EVERY_S, Member, ServerStatus
from chatapp.backends.pool.stream import PoolStream
from chatapp.errors import LocalModelError, ProviderError
from chatapp.settings import Settings

log = logging.getLogger(__name__)


class Pool:
    """The servers of FIRSTLINE_LOCAL_BASE_URL, as one backend. docs/engines.md says who is asked when.

    Invariants: a call is given to no server twice; one that has brought a word is not begun anew elsewhere.
    """

    name = "local"

    def __init__(self, settings: Settings) -> None:
        """Raises SettingError for certificates that cannot be used."""
        self.model: str = settings.local_server_model
        self.context_tokens: int = settings.local_context_tokens
        self.members = tuple(Member(server) for server in local_servers(settings))
        self._hourly_usd = settings.local_hourly_usd
        self._drained = Drained(settings.data_dir)
        self._count = itertools.count(1)

    def stream(self, request: Request) -> PoolStream:
        """A call that is given to a server when its iteration begins."""
        return PoolStream(self, request)

    def choose(self, failed: Mapping[Member, ProviderError]) -> Member:
        """The server for the next try of a call: of those that are live and have not failed it, the least busy.

        Raises the one failure where there is one server, LocalModelError where no other is left.
        """
        left = [member for member in self.members if member not in failed and self._takes_calls(member)]
        if not left:
            raise self._none_left(failed)
        chosen = min(left, key=lambda member: member.rank)
        chosen.chosen = next(self._count)
        return chosen

    @property
    def statuses(self) -> tuple[ServerStatus, ...]:
        """Every server, for the operator."""
        return tuple(self._status(member) for member in self.members)

    @property
    def ready(self) -> bool:
        """Whether any server takes calls, as far as is known."""
        return any(map(self._takes_calls, self.members))

    @property
    def state(self) -> str:
        """What the health page says of the local route."""
        return "ready" if self.ready else "unavailable"

    async def watch(self) -> None:
        """Check the servers every few seconds, for ever: those that are idle, and those that take no calls."""
        while True:
            await self.check()
            await asyncio.sleep(CHECK_EVERY_S)

    async def check(self) -> None:
        """Check those that are due, all at once. Never raises."""
        due = [member for member in self.members if member.due]
        for member, problem in zip(
            due, await asyncio.gather(*(member.check() for member in due), return_exceptions=True), strict=True
        ):
            if isinstance(problem, Exception):
                log.error("the check of %r failed", member.address, exc_info=problem)

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """An estimate on the safe side, by what the servers have reported so far."""
        return max(member.backend.count_tokens(messages) for member in self.members)

    def cost_microusd(self, usage: Usage, seconds: float) -> int:  # noqa: ARG002 - the machine's time is what costs
        """`seconds` of a server (`PoolStream.compute_s`) at FIRSTLINE_LOCAL_HOURLY_USD, rounded up."""
        return compute_microusd(self._hourly_usd, seconds)

    async def aclose(self) -> None:
        """Close the connections."""
        for member in self.members:
            await member.backend.aclose()

    def _takes_calls(self, member: Member) -> bool:
        return member.state is State.LIVE and member.server.base_url not in self._drained

    def _status(self, member: Member) -> ServerStatus:
        if member.server.base_url not in self._drained:
            return member.status
        return replace(member.status, state=State.DRAINING, why="`firstline servers` has taken it out")

    def _none_left(self, failed: Mapping[Member, ProviderError]) -> ProviderError:
        if len(self.members) == 1 and failed:
            return next(iter(failed.values()))
        told = [failed[member].what if member in failed else _told(self._status(member)) for member in self.members]
        return LocalModelError(
            f"No server is left that could answer locally. {' '.join(told)}",
            "Start one of them, or correct FIRSTLINE_LOCAL_BASE_URL; each is tried again every few seconds.",
        )


def _told(status: ServerStatus) -> str:
    return f"{status.address!r} is {status.state}: {status.why.removesuffix('.')}."

"""One server of a pool: whether it is given calls, and how many it has."""

import logging
from dataclasses import dataclass
from time import monotonic

from chatapp.addresses.shown import shown_url
from chatapp.backends.cloud.backend import ServerBackend
from chatapp.backends.cloud.server import ModelServer
from chatapp.backends.pool.health import Health, State, health
from chatapp.backends.pool.shared_time import SharedTime
from chatapp.errors import ProviderError, ProviderStalledError, ProviderTimeoutError, ProviderUnreachableError

log = logging.getLogger(__name__)

CHECK_EVERY_S = 5.0
LONGEST_REST_S = 60.0
"""A server that fails call after call is tried again ever later, at the latest after this time."""
_MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """A server as an operator reads of it; `why` is empty for a live one whose last call did not fail."""

    address: str
    state: State
    running: int
    why: str = ""


class Member:
    """It counts as live until a call or a check says otherwise; so a pool answers before its first check."""

    def __init__(self, server: ModelServer) -> None:
        self.server = server
        self.backend = ServerBackend(server)
        self.time = SharedTime()
        self.chosen = 0
        self._health = Health(State.LIVE)
        self._failures, self._trouble = 0, ""
        self._answered_at = self._check_from = self._unfit_until = 0.0

    @property
    def address(self) -> str:
        """Its base URL without secrets."""
        return shown_url(self.server.base_url)

    @property
    def state(self) -> State:
        """What is known of it."""
        return self._health.state

    @property
    def status(self) -> ServerStatus:
        """For the operator."""
        return ServerStatus(self.address, self.state, self.time.running, self._health.why or self._trouble)

    @property
    def rank(self) -> tuple[bool, int, int]:
        """The least of several is given the next call: fit, fewest running, longest not chosen."""
        return self._unfit_until > monotonic(), self.time.running, self.chosen

    @property
    def due(self) -> bool:
        """Whether it shall be checked: not while it answers, for a call tells more, and some servers let a check wait
        for the end of an answer, or end the answer for it.
        """
        now = monotonic()
        quiet = now - self._answered_at >= CHECK_EVERY_S or self.state is not State.LIVE
        return now >= self._check_from and quiet and not self.time.running

    def answered(self) -> None:
        """A call has brought a word."""
        self._failures, self._trouble, self._answered_at = 0, "", monotonic()
        if self.state is State.DEAD:
            self._become(Health(State.LIVE))

    def failed(self, error: ProviderError) -> None:
        """A call has failed: of one that cannot be reached or says nothing in time no more is asked until a check finds
        it live; any other failure makes it the last to be chosen for a while. What ends many calls at once counts once.
        """
        now, until = monotonic(), max(self._check_from, self._unfit_until)
        if now >= until:
            self._failures += 1
            until = now + min(LONGEST_REST_S, CHECK_EVERY_S * 2 ** min(self._failures - 1, _MOST_DOUBLINGS))
        silent = isinstance(error, ProviderTimeoutError) and not isinstance(error, ProviderStalledError)
        if silent or isinstance(error, ProviderUnreachableError):
            self._check_from = until
            self._become(Health(State.DEAD, error.what))
        else:
            self._unfit_until, self._trouble = until, error.what

    async def check(self) -> None:
        """Ask for its health; what a call has found out meanwhile counts more."""
        began = monotonic()
        found = await health(self.backend)
        if self._answered_at <= began and self._check_from <= began:
            self._become(found)

    def _become(self, found: Health) -> None:
        if found.state is not self.state:
            log.warning("the local server %r is %s now. %s", self.address, found.state, found.why)
        self._health = found

"""How often one call is sent, and when it is not retried. The OpenAI client retries; these hooks watch and limit it.

The client (3.54) sends again after a lost or refused connection, 408, 409, 429 and any 5xx, and waits for as long as
`Retry-After` says, up to two minutes. Nobody in a chat waits that long, so a longer wait is forbidden with the header
that the client obeys, `x-should-retry: false`; so is another try of what no wait will mend, a quota that is used up.

A try whose request was sent whole may have been served, and billed, whatever came back: a 5xx by a proxy, or nothing.
Such a try is sent again once, and both are in the ledger.
"""

import email.utils
import logging
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import httpx2
import openai

from chatapp.backends.cloud.said import everything_said, is_spent

log = logging.getLogger(__name__)

RETRIES = 2
"""How often the client may send a call again."""

PATIENCE_S = 10.0
"""The longest wait that a server may ask for, in seconds; a person waits as long for the first word, not longer."""

_NOT_SERVED = frozenset({501, 503, 529})
_UNCERTAIN_TRIES = 2


@dataclass(slots=True)
class Attempt:
    """One sending. `status` is None while nothing came back."""

    sent: bool = False
    status: int | None = None

    @property
    def may_be_billed(self) -> bool:
        """Whether the server may have served it although it gave no answer."""
        failed = self.status is None or (self.status >= 500 and self.status not in _NOT_SERVED)
        return self.sent and failed

    @property
    def served(self) -> bool:
        """Whether it is being served, or may have been."""
        return self.may_be_billed or self.status == 200


@dataclass(slots=True)
class Attempts:
    """The sendings of one call, which the client may repeat `retries` times; `busy` while it waits to do so."""

    retries: int = RETRIES
    made: list[Attempt] = field(default_factory=list)
    busy: bool = False

    @property
    def uncertain(self) -> int:
        """How many may have been billed, the last one included."""
        return sum(attempt.may_be_billed for attempt in self.made)

    def refused(self) -> None:
        """Everything sent so far was refused for its content, whatever the status: nothing of it is billed."""
        for attempt in self.made:
            attempt.sent = False


CURRENT: ContextVar[Attempts | None] = ContextVar("attempts", default=None)
"""The attempts of the call that this task makes; None where nobody counts."""


async def sending(request: httpx2.Request) -> None:
    """Hook of the HTTP client, before each sending."""
    attempts = CURRENT.get()
    if attempts is None:
        return
    if attempts.uncertain >= _UNCERTAIN_TRIES:
        raise openai.APIConnectionError(message="The connection was lost twice.", request=request)
    attempt = Attempt()
    attempts.made.append(attempt)
    attempts.busy = False

    async def trace(event: str, _: Any) -> None:
        if event.endswith("send_request_body.complete"):
            attempt.sent = True

    request.extensions = {**request.extensions, "trace": trace}


async def answered(response: httpx2.Response) -> None:
    """Hook of the HTTP client, after each response's head."""
    attempts = CURRENT.get()
    if attempts is None:
        return
    attempts.made[-1].status = response.status_code
    if response.status_code < 400:
        return
    if response.status_code == 429:
        await response.aread()  # the reason decides whether waiting helps
    if attempts.uncertain >= _UNCERTAIN_TRIES or not worth_a_wait(response):
        response.headers["x-should-retry"] = "false"
    elif response.status_code in (408, 409, 429) or response.status_code >= 500:
        attempts.busy = len(attempts.made) <= attempts.retries
        if attempts.busy:
            log.info("a model's server answered %d, and is asked again", response.status_code)


HOOKS: Mapping[str, list[Callable[..., Any]]] = {"request": [sending], "response": [answered]}


def worth_a_wait(response: httpx2.Response) -> bool:
    """Whether the wait that a refusal asks for is short enough for a person, and may help."""
    if response.status_code == 429 and is_spent(everything_said(response.text)):
        return False
    return retry_after_s(response) <= PATIENCE_S


def retry_after_s(response: httpx2.Response) -> float:
    """The wait that the server asks for, in seconds; 0 where it names none."""
    for name, divisor in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return max(0.0, float(response.headers[name]) / divisor)
        except (KeyError, ValueError):
            continue
    date = email.utils.parsedate_tz(response.headers.get("retry-after", ""))
    return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else 0.0

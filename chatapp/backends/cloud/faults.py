"""Maps every exception of the OpenAI client and of the HTTP client below it to one of ours, with one hint per cause."""

import asyncio
import re
from collections.abc import Callable
from typing import NamedTuple

import openai

from chatapp.addresses.shown import shown_url
from chatapp.backends.cloud.events import NotAStreamError
from chatapp.backends.cloud.said import everything_said, is_spent, reason
from chatapp.backends.cloud.server import ModelServer
from chatapp.errors import (
    ProviderAuthError,
    ProviderBusyError,
    ProviderContextError,
    ProviderError,
    ProviderFaultError,
    ProviderFilteredError,
    ProviderModelError,
    ProviderQuotaError,
    ProviderRequestError,
    ProviderStalledError,
    ProviderTimeoutError,
    ProviderUnreachableError,
)

_MESSAGE_CHARS = 300
_LOGGED_CHARS = 4000
_KEY_LIKE = re.compile(r"\b(sk|pk|key|gsk|Bearer)[-_ ][\w*.-]{6,}")


class Kind(NamedTuple):
    """A cause: the class of ours, what the server did, and what to do about it (`ModelServer.hint`)."""

    error: type[ProviderError]
    what: str
    hint: str


_KEY = Kind(ProviderAuthError, "refused the key", "Set {at}_API_KEY to a key of this server that is in force.")
_ACCESS = Kind(
    ProviderAuthError,
    "does not let this key do that",
    "Give the key of {at}_API_KEY access to the model there, or set {model} to another.",
)
_REGION = Kind(
    ProviderAuthError,
    "does not serve this country or network",
    "Set {at}_BASE_URL to a server that may be used from here.",
)
_QUOTA = Kind(
    ProviderQuotaError,
    "has no quota or credit left for this key",
    "Raise the quota or pay there, or set {at}_API_KEY to another account's key. Waiting does not help.",
)
_BUSY = Kind(
    ProviderBusyError, "is busy, or this key has asked too often", "Wait a minute, or have the rate limit raised there."
)
_SLOW = Kind(
    ProviderTimeoutError,
    "did not answer in time",
    "Raise {at}_FIRST_TOKEN_TIMEOUT_S or {at}_TOTAL_TIMEOUT_S, or take a faster model.",
)
_STALLED = Kind(
    ProviderStalledError,
    "stopped in the middle of its answer",
    "If this model often pauses for longer, raise {at}_STALL_TIMEOUT_S.",
)
_ENDLESS = Kind(
    ProviderStalledError,
    "did not come to the end of its answer in time",
    "Raise {at}_TOTAL_TIMEOUT_S, lower {at}_MAX_TOKENS, or take a faster model.",
)
_GATEWAY = Kind(
    ProviderTimeoutError,
    "has a proxy before it that did not get an answer in time",
    "Wait and try again; if it stays, take a faster model in {model} or raise the proxy's limit.",
)
_LONG = Kind(
    ProviderContextError,
    "found the prompt too long",
    "Lower {at}_PROMPT_TOKENS and {at}_CONTEXT_TOKENS to what the model takes.",
)
_FILTERED = Kind(
    ProviderFilteredError,
    "refused the conversation by its content filter",
    "Nothing is broken. If it meets harmless messages, change the filter there, or set another {model}.",
)
_MODEL = Kind(
    ProviderModelError,
    "does not know or offer the model",
    "Set {model} to a name that this server lists.",
)
_ADDRESS = Kind(
    ProviderRequestError,
    "has nothing at this address",
    "Correct {at}_BASE_URL; it usually ends in /v1.",
)
_PAGE = Kind(
    ProviderFaultError,
    "answered with something that is no completion, such as a web page",
    "Correct {at}_BASE_URL, which usually ends in /v1; a login page or a proxy may stand before it.",
)
_REFUSED = Kind(
    ProviderRequestError,
    "refused the request",
    "Check {model} and {at}_MAX_TOKENS against what the server takes.",
)
_FAULT = Kind(ProviderFaultError, "failed", "Try again later, or point {at}_BASE_URL at another server.")


def _says(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    return lambda said: bool(compiled.search(said))


_too_long = _says(
    r"context.?(length|window|size|limit)|maximum.context|too many (input |prompt )?tokens|(prompt|input) is too long|"
    r"input.?token.{0,30}(exceed|maximum)|(reduce|shorten).{0,20}(length|prompt|messages)|request.?(entity )?too.large"
)
_filters = _says(
    r"content.?(filter|policy|management)|responsible.?ai|moderation|flagged|safety (system|polic)|prohibited"
)
_bad_key = _says(
    r"(invalid|incorrect|wrong|expired|missing|revoked|not valid|no).{0,25}(api.?key|token|credential)|"
    r"(api.?key|credential|token).{0,25}(invalid|not valid|incorrect|expired|missing|revoked)|unauthori[sz]ed"
)
_elsewhere = _says(r"\b(country|region|territory)\b|location is not supported")
_no_model = _says(
    r"model_not_found|(no such|unknown|invalid|unsupported) model|"
    r"(model|deployment)\b.{0,80}(not (exist|found|available|supported|loaded)|no longer|unknown|invalid|decom)"
)
_names_model = _says(r"\bmodel\b")
_overloaded = _says(r"overload|at capacity|no capacity|server.{0,10}busy|too busy")


def server_fault(error: BaseException, server: ModelServer) -> ProviderError:
    """The ProviderError for anything that a call of it may raise; a ProviderError is returned as it is.

    Invariants: never another class; `hint` names a setting or says to wait; the API key is in no part of it.
    """
    if isinstance(error, ProviderError):
        return error
    if isinstance(error, TimeoutError | openai.APITimeoutError) and not _while_connecting(error):
        return _error(_SLOW, error, server)
    if isinstance(error, openai.APIConnectionError):
        return _unreachable(error, server)
    return _error(_kind(error), error, server)


def stalled(server: ModelServer, *, silent: bool) -> ProviderError:
    """The error of an answer that had begun, and then fell `silent` or took too long."""
    return _error(_STALLED if silent else _ENDLESS, TimeoutError(), server)


def logged(error: BaseException, server: ModelServer) -> str:
    """All that the server said, for the operator's log: whole but for keys, and for what is beyond 4,000 characters."""
    response = getattr(error, "response", None)
    status = f"status {response.status_code}, " if response is not None else ""
    body = getattr(error, "body", None)
    said = repr(body) if body else repr(error)
    return redacted(f"{status}{said}", server)[:_LOGGED_CHARS]


def _kind(error: BaseException) -> Kind:
    if isinstance(error, NotAStreamError):
        return _PAGE
    if not isinstance(error, openai.APIError):
        return _FAULT
    status, said = _status(error), _told(error)
    if _too_long(said) and status in (None, 400, 413, 422):
        return _LONG
    if _filters(said) and status in (None, 400, 403, 422, 451):
        return _FILTERED
    if status in (None, 400, 401, 403):
        return _of_the_key(status, said) or _of_the_request(status, said)
    return _of_the_request(status, said)


def _of_the_key(status: int | None, said: str) -> Kind | None:
    if status in (400, 403) and _elsewhere(said):
        return _REGION
    if status == 401 or _bad_key(said):
        return _KEY
    if status == 403:
        return _QUOTA if is_spent(said) else _ACCESS
    return None


def _of_the_request(status: int | None, said: str) -> Kind:
    if status == 402 or (status in (None, 429) and is_spent(said)):
        return _QUOTA
    if status in (429, 529) or (status in (None, 500, 502, 503) and _overloaded(said)):
        return _BUSY
    if status == 410 or (status in (None, 400, 404, 422) and _no_model(said)) or (status == 404 and _names_model(said)):
        return _MODEL
    by_status = {404: _ADDRESS, 405: _ADDRESS, 413: _LONG, 408: _GATEWAY, 504: _GATEWAY, 522: _GATEWAY, 524: _GATEWAY}
    if status in by_status:
        return by_status[status]
    return _REFUSED if status is not None and 400 <= status < 500 and status != 409 else _FAULT


def _status(error: openai.APIError) -> int | None:
    """The HTTP status, or the number that an error within a stream gives as its code; None where there is none."""
    status = getattr(error, "status_code", None)
    code = error.code or ""
    return status or (int(code) if code.isdigit() and 400 <= int(code) < 600 else None)


def _unreachable(error: BaseException, server: ModelServer) -> ProviderError:
    cause = error.__cause__
    what = "cannot be reached" if cause is None else f"cannot be reached ({type(cause).__name__})"
    hint = "Check the network, {at}_BASE_URL and {at}_CONNECT_TIMEOUT_S."
    return _error(Kind(ProviderUnreachableError, what, hint), error, server)


def _while_connecting(error: BaseException) -> bool:
    return type(error.__cause__).__name__ in ("ConnectTimeout", "PoolTimeout")


def _error(kind: Kind, error: BaseException, server: ModelServer) -> ProviderError:
    said = redacted(_said(error), server)[:_MESSAGE_CHARS]
    named = f"The {server.route} server {shown_url(server.base_url)!r}"
    return kind.error(f"{named} {kind.what} (model {server.model!r}, it said {said!r}).", server.hint(kind.hint))


def redacted(text: str, server: ModelServer) -> str:
    """`text` without the API key, or anything that looks like one, and with our addresses as they may be shown."""
    key = server.key.get_secret_value()
    for address in filter(None, (server.base_url, server.proxy)):
        text = text.replace(address, shown_url(address))
    return _KEY_LIKE.sub("[key]", text.replace(key, "[key]") if key else text)


def _said(error: BaseException) -> str:
    """One line: the reason in the body, whatever its shape, or else what the exception says."""
    if isinstance(error, asyncio.TimeoutError):
        return "nothing"
    code = getattr(error, "code", None)
    text = reason(getattr(error, "body", None)) or str(getattr(error, "message", None) or error or type(error).__name__)
    return f"{code}: {text}" if code else text


def _told(error: openai.APIError) -> str:
    """All that the server told, to read causes from. Not to be shown: it may quote the conversation."""
    return f"{error.code or ''} {error.type or ''} {error.message} {everything_said(error.body)}"

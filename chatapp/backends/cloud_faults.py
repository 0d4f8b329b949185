"""Every exception of the OpenAI client and of the HTTP client below it, as one of ours."""

import asyncio
import re
from collections.abc import Set

import openai

from chatapp.errors import (
    ProviderAuthError,
    ProviderBusyError,
    ProviderContextError,
    ProviderError,
    ProviderFaultError,
    ProviderModelError,
    ProviderRequestError,
    ProviderTimeoutError,
    ProviderUnreachableError,
)
from chatapp.settings import Settings

_TOO_LONG = re.compile(r"context.?(length|window|size)|maximum.context|too.many.tokens|prompt is too long", re.I)
_NO_MODEL = re.compile(r"model_not_found|\bmodel\b", re.I)
_UNSUPPORTED = re.compile(r"unsupported|not support|unknown|unrecogni[sz]ed|unexpected|not permitted|not allowed", re.I)
_KEY_LIKE = re.compile(r"\b(sk|pk|key|gsk|Bearer)[-_ ][\w*.-]{6,}")
_MESSAGE_CHARS = 300

_Kind = tuple[type[ProviderError], str, str]
_AUTH: _Kind = (
    ProviderAuthError,
    "refused the key",
    "Set FIRSTLINE_CLOUD_API_KEY to a key that may use the model.",
)
_BUSY: _Kind = (
    ProviderBusyError,
    "has no capacity or quota left for this key",
    "Wait, or raise the quota there.",
)
_SLOW: _Kind = (
    ProviderTimeoutError,
    "did not answer in time",
    "Raise FIRSTLINE_CLOUD_FIRST_TOKEN_TIMEOUT_S or FIRSTLINE_CLOUD_TOTAL_TIMEOUT_S, or take a faster model.",
)
_LONG: _Kind = (
    ProviderContextError,
    "found the prompt too long",
    "Lower FIRSTLINE_CLOUD_PROMPT_TOKENS and FIRSTLINE_CLOUD_CONTEXT_TOKENS to what the model takes.",
)
_MODEL: _Kind = (
    ProviderModelError,
    "does not know or offer the model",
    "Set FIRSTLINE_CLOUD_MODEL to a name that this server lists.",
)
_ADDRESS: _Kind = (
    ProviderRequestError,
    "has nothing at this address",
    "Correct FIRSTLINE_CLOUD_BASE_URL; it usually ends in /v1.",
)
_REFUSED: _Kind = (
    ProviderRequestError,
    "refused the request",
    "Check FIRSTLINE_CLOUD_MODEL and FIRSTLINE_CLOUD_MAX_TOKENS against what the server takes.",
)
_FAULT: _Kind = (
    ProviderFaultError,
    "failed",
    "Try again later, or point FIRSTLINE_CLOUD_BASE_URL at another server.",
)
_BY_STATUS = {401: _AUTH, 403: _AUTH, 402: _BUSY, 429: _BUSY, 413: _LONG, 405: _ADDRESS, 410: _MODEL}


def cloud_fault(error: BaseException, settings: Settings) -> ProviderError:
    """The ProviderError for anything that a call of the cloud may raise; a ProviderError is returned as it
    is.

    Invariants: never another class; `hint` names a setting or says to wait; the API key is in no part of it.
    """
    if isinstance(error, ProviderError):
        return error
    if isinstance(error, TimeoutError | openai.APITimeoutError) and not _while_connecting(error):
        return _error(_SLOW, error, settings)
    if isinstance(error, openai.APIConnectionError):
        return _unreachable(error, settings)
    return _error(_kind(error), error, settings)


def refused_parameter(error: openai.APIError, names: Set[str]) -> str | None:
    """Which of `names` the server does not take at all, as its 400 or 422 says; or None."""
    said = _told(error)
    if getattr(error, "status_code", None) not in (400, 422) or not _UNSUPPORTED.search(said):
        return None
    named = [error.param or "", *re.findall(r"\w+", said)]
    return next((word for word in named if word in names), None)


def _kind(error: BaseException) -> _Kind:
    status, said = getattr(error, "status_code", None), _told(error)
    if status is None and not isinstance(error, openai.APIError):
        return _FAULT
    if _TOO_LONG.search(said) and status in (None, 400, 413, 422):
        return _LONG
    if status == 404:
        return _MODEL if _NO_MODEL.search(said) else _ADDRESS
    if status is not None and status in _BY_STATUS:
        return _BY_STATUS[status]
    return _REFUSED if status is not None and 400 <= status < 500 and status not in (408, 409) else _FAULT


def _unreachable(error: BaseException, settings: Settings) -> ProviderError:
    cause = error.__cause__
    what = "cannot be reached" if cause is None else f"cannot be reached ({type(cause).__name__})"
    hint = "Check the network, FIRSTLINE_CLOUD_BASE_URL and FIRSTLINE_CLOUD_CONNECT_TIMEOUT_S."
    return _error((ProviderUnreachableError, what, hint), error, settings)


def _while_connecting(error: BaseException) -> bool:
    return type(error.__cause__).__name__ in ("ConnectTimeout", "PoolTimeout")


def _error(kind: _Kind, error: BaseException, settings: Settings) -> ProviderError:
    cls, what, hint = kind
    said = redacted(_said(error), settings)[:_MESSAGE_CHARS]
    server, model = settings.cloud_base_url, settings.cloud_model
    return cls(f"The cloud server {server!r} {what} (model {model!r}, it said {said!r}).", hint)


def redacted(text: str, settings: Settings) -> str:
    """`text` without the API key, or anything that looks like one."""
    key = settings.cloud_api_key.get_secret_value()
    return _KEY_LIKE.sub("[key]", text.replace(key, "[key]") if key else text)


def _said(error: BaseException) -> str:
    if isinstance(error, asyncio.TimeoutError):
        return "nothing"
    code = getattr(error, "code", None)
    text = str(getattr(error, "message", None) or error or type(error).__name__)
    return f"{code}: {text}" if code else text


def _told(error: BaseException) -> str:
    """All that the server told, to read reasons from. Not to be shown: it may quote the conversation."""
    body = getattr(error, "body", None)
    return f"{_said(error)} {body}" if isinstance(body, dict) else _said(error)

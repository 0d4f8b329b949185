"""Every error of the application.

FirstlineError                     what happened, with the value, and what to do next
├── OperatorError                  the installation is wrong; shown without a traceback
│   ├── SettingError               a setting is unknown, missing or out of range
│   ├── ModelFileError             a model file is missing, truncated or not the pinned one
│   ├── DatabaseError              locked, read-only, full, or written by a newer version
│   └── PortError                  the address cannot be listened on
├── UserError                      the request is wrong; shown to the person who made it
│   ├── MessageError               empty, too long, not text
│   ├── FrameError                 a WebSocket frame that is not a chat frame
│   ├── NotFoundError              no such conversation or turn, or not yours
│   ├── BusyError                  a message is being answered already
│   └── NotAllowedError            this mode or this session may not do that
├── FenceError                     local-only mode refused what would have left this machine
└── ProviderError                  a model failed; `answer_started` tells whether words had come
    ├── ProviderAuthError          the key was refused
    ├── ProviderModelError         the server has no such model
    ├── ProviderUnreachableError   no connection
    ├── ProviderTimeoutError       connected, but too slow
    ├── ProviderBusyError          rate limit, or too many people at once
    ├── ProviderQuotaError         what was paid for is used up
    ├── ProviderContextError       the prompt is longer than the model's context
    ├── ProviderRequestError       refused as malformed or not permitted
    ├── ProviderFilteredError      refused by the provider's content filter
    ├── ProviderCutError           the stream ended in the middle
    ├── ProviderFaultError         the server failed (5xx, nonsense)
    └── LocalModelError            the model in this process failed

The router's own errors (`router.errors`) are operator errors too; `cli.py` and `main.py` show both alike.
"""

import errno
from typing import Any, ClassVar


class FirstlineError(Exception):
    """Base. `code` is stable for programs; `what` and `hint` are for people; `status` is the HTTP status."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(f"{what} {hint}".strip())
        self.what = what
        self.hint = hint

    def as_json(self) -> dict[str, Any]:
        """The one JSON shape of an error: `{"error": {"code", "what", "hint"}}`."""
        return {"error": {"code": self.code, "what": self.what, "hint": self.hint}}


class OperatorError(FirstlineError):
    """The installation is wrong; the operator can put it right."""

    code = "operator"


class SettingError(OperatorError):
    """A setting is unknown, missing or out of range."""

    code = "setting"


class ModelFileError(OperatorError):
    """A model file is missing, truncated or not the pinned one."""

    code = "model_file"


class DatabaseError(OperatorError):
    """The database is locked, read-only, full, unreachable or from a newer version."""

    code = "database"
    status = 503


class PortError(OperatorError):
    """The address cannot be listened on."""

    code = "port"


class UserError(FirstlineError):
    """The request is wrong; the person who made it can put it right."""

    code = "request"
    status = 400


class MessageError(UserError):
    """A message that is empty, too long, or not text."""

    code = "message"
    status = 422


class FrameError(UserError):
    """A WebSocket frame that is not a chat frame."""

    code = "frame"


class NotFoundError(UserError):
    """No such thing, or not yours: the two are not told apart."""

    code = "not_found"
    status = 404


class BusyError(UserError):
    """A message of this conversation is being answered already."""

    code = "busy"
    status = 409


class NotAllowedError(UserError):
    """The mode or the session does not allow it."""

    code = "not_allowed"
    status = 403


class FenceError(FirstlineError, PermissionError):
    """Local-only mode refused what would have left this machine.

    A `PermissionError` too, as the kernel's own refusals are: libraries see a connection that failed.
    """

    code = "fence"

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.errno, self.strerror = errno.EACCES, what

    def __str__(self) -> str:
        return f"{self.what} {self.hint}".strip()


class ProviderError(FirstlineError):
    """A model failed. `answer_started` tells whether words had come before it did."""

    code = "provider"
    status = 502
    answer_started: bool = False


class ProviderAuthError(ProviderError):
    """The key was refused."""

    code = "provider_auth"


class ProviderModelError(ProviderError):
    """The server has no such model."""

    code = "provider_model"


class ProviderUnreachableError(ProviderError):
    """No connection to the server."""

    code = "provider_unreachable"


class ProviderTimeoutError(ProviderError):
    """Connected, but too slow."""

    code = "provider_timeout"


class ProviderBusyError(ProviderError):
    """Rate limit, or too many people at once: a wait helps."""

    code = "provider_busy"


class ProviderQuotaError(ProviderError):
    """What was paid for is used up: no wait helps."""

    code = "provider_quota"


class ProviderContextError(ProviderError):
    """The prompt is longer than the model's context."""

    code = "provider_context"


class ProviderRequestError(ProviderError):
    """The server refused the request as malformed or not permitted."""

    code = "provider_request"


class ProviderFilteredError(ProviderError):
    """The provider's content filter refused the conversation, or withheld the answer."""

    code = "provider_filtered"


class ProviderCutError(ProviderError):
    """The stream ended in the middle of an answer."""

    code = "provider_cut"


class ProviderFaultError(ProviderError):
    """The server failed: a 5xx, or an answer that is not one."""

    code = "provider_fault"


class LocalModelError(ProviderError):
    """The model in this process failed."""

    code = "local_model"

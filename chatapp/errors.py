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
│   ├── BusyError                  a message is being answered already, or enough of them wait
│   ├── ClosingError               the service is about to be restarted
│   └── NotAllowedError            this mode or this session may not do that
├── InterruptedTurnError           the process ended amid an answer
├── FenceError                     local-only mode refused what would have left this machine
└── ProviderError                  a model failed; `answer_started` tells whether words had come
    ├── ProviderAuthError          the key was refused
    ├── ProviderModelError         the server has no such model
    ├── ProviderUnreachableError   no connection
    ├── ProviderTimeoutError       connected, but too slow
    │   └── ProviderStalledError   the answer had begun, and did not go on in time
    ├── ProviderBusyError          rate limit, or too many people at once
    ├── ProviderQuotaError         what was paid for is used up
    ├── ProviderContextError       the prompt is longer than the model's context
    ├── ProviderRequestError       refused as malformed or not permitted
    ├── ProviderFilteredError      refused by the provider's content filter
    ├── ProviderCutError           the stream ended in the middle
    ├── ProviderFaultError         the server failed (5xx, nonsense)
    └── LocalModelError            the local model failed, in this process or at its servers

FirstlineError is an ExplainedError (`localmodel.errors`), as are the errors of the router and of fine-tuning. They are
an operator's to put right, and whatever shows an error to an operator catches ExplainedError.

`what` and `hint` are for whoever can put it right: of a UserError the person who made it, of every other the operator.
A customer reads `for_customer` instead, which holds no setting, address, model or provider's text: docs/two-readers.md.
"""

import errno
from typing import Any, ClassVar, NamedTuple

from chatapp.characters import storable
from localmodel.errors import ExplainedError


class Words(NamedTuple):
    """An error as a customer reads it: what happened to them, and what they can do. `code` is for their program."""

    code: str
    what: str
    hint: str

    @property
    def text(self) -> str:
        """Both sentences."""
        return f"{self.what} {self.hint}".strip()


_OR_A_PERSON = "Try again in a moment, or talk to a person."
_KEPT = f"Your message is kept. {_OR_A_PERSON}"
_KEPT_LATER = "Your message is kept. Talk to a person, or try again later."
_UNUSUAL = "Our assistant for unusual questions"
UNKNOWN = Words("internal", "Something went wrong on our side.", f"Nothing that you wrote is lost. {_OR_A_PERSON}")
"""What a customer reads of whatever they can do nothing about."""


class FirstlineError(ExplainedError):
    """Base. `code` is stable for programs; `what` and `hint` are for people; `status` is the HTTP status."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    words: ClassVar[Words | None] = UNKNOWN
    """What a customer reads; None: `what` and `hint` themselves."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(storable(what), storable(hint))

    @property
    def for_customer(self) -> Words:
        """What a customer reads of it."""
        return self.words or Words(self.code, self.what, self.hint)

    def as_json(self) -> dict[str, Any]:
        """The one JSON shape of an error, with the operator's words: `{"error": {"code", "what", "hint"}}`."""
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
    """The database is locked, read-only, full, unreachable or from a newer version.

    `may_pass`: what is refused now may be taken later, when somebody has put that right. `where` is what
    `what` calls it.
    """

    code = "database"
    status = 503
    words = Words(
        "unavailable", "We cannot reach our conversations just now.", f"Nothing that you wrote is lost. {_OR_A_PERSON}"
    )
    may_pass: bool = True

    def __init__(self, what: str, hint: str = "", where: str = "") -> None:
        super().__init__(what, hint)
        self.where = where

    @property
    def placeless(self) -> str:
        """Both sentences without the address or path, for where more people read than the operator."""
        return str(self).replace(f" {self.where!r}", "") if self.where else str(self)


class PortError(OperatorError):
    """The address cannot be listened on."""

    code = "port"


class UserError(FirstlineError):
    """The request is wrong; the person who made it can put it right."""

    code = "request"
    status = 400
    words: ClassVar[Words | None] = None


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
    words = Words("not_found", "There is nothing here.", "It may have been deleted, or be another browser's.")


class BusyError(UserError):
    """A message of this conversation is being answered already."""

    code = "busy"
    status = 409


class ClosingError(UserError):
    """The service is about to be restarted and takes nothing new."""

    code = "closing"
    status = 503


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


class InterruptedTurnError(FirstlineError):
    """The process that answered ended, or died; what had come is kept."""

    code = "interrupted"
    status = 503
    words = Words("interrupted", "This answer was cut short, because our service was restarted.", _KEPT)

    def __init__(
        self, what: str = "The process that was answering ended.", hint: str = "Answer the message again."
    ) -> None:
        super().__init__(what, hint)


class ProviderError(FirstlineError):
    """A model failed. `answer_started` tells whether words had come before it did."""

    code = "provider"
    status = 502
    words = Words("no_answer", f"{_UNUSUAL} could not answer just now.", _KEPT)
    answer_started: bool = False


class ProviderAuthError(ProviderError):
    """The key was refused."""

    code = "provider_auth"
    words = Words("no_answer", f"{_UNUSUAL} could not answer just now.", _KEPT_LATER)


class ProviderModelError(ProviderError):
    """The server has no such model."""

    code = "provider_model"
    words = Words("no_answer", f"{_UNUSUAL} could not answer just now.", _KEPT_LATER)


class ProviderUnreachableError(ProviderError):
    """No connection to the server."""

    code = "provider_unreachable"


class ProviderTimeoutError(ProviderError):
    """Connected, but too slow."""

    code = "provider_timeout"
    words = Words("no_answer", f"{_UNUSUAL} took too long to answer.", _KEPT)


class ProviderStalledError(ProviderTimeoutError):
    """The answer had begun, and did not go on in time."""

    code = "provider_stalled"
    words = Words("no_answer", "The answer broke off in the middle.", f"What had come is kept. {_OR_A_PERSON}")


class ProviderBusyError(ProviderError):
    """Rate limit, or too many people at once: a wait helps."""

    code = "provider_busy"
    words = Words("no_answer", f"{_UNUSUAL} has too much to do just now.", _KEPT)


class ProviderQuotaError(ProviderError):
    """What was paid for is used up: no wait helps."""

    code = "provider_quota"
    words = Words("no_answer", f"{_UNUSUAL} could not answer just now.", _KEPT_LATER)


class ProviderContextError(ProviderError):
    """The prompt is longer than the model's context."""

    code = "provider_context"
    words = Words(
        "no_answer",
        "This conversation has become too long for our assistant.",
        "Your message is kept. Ask it in a new conversation, or talk to a person.",
    )


class ProviderRequestError(ProviderError):
    """The server refused the request as malformed or not permitted."""

    code = "provider_request"
    words = Words("no_answer", f"{_UNUSUAL} could not answer just now.", _KEPT_LATER)


class ProviderFilteredError(ProviderError):
    """The provider's content filter refused the conversation, or withheld the answer."""

    code = "provider_filtered"
    words = Words(
        "no_answer",
        f"{_UNUSUAL} would not answer this.",
        "Your message is kept. Put it in other words, or talk to a person.",
    )


class ProviderCutError(ProviderError):
    """The stream ended in the middle of an answer."""

    code = "provider_cut"
    words = Words("no_answer", "The answer broke off in the middle.", f"What had come is kept. {_OR_A_PERSON}")


class ProviderFaultError(ProviderError):
    """The server failed: a 5xx, or an answer that is not one."""

    code = "provider_fault"


class LocalModelError(ProviderError):
    """The local model failed: in this process, or at every server that stands in for it."""

    code = "local_model"
    words = Words("no_answer", "Our own assistant could not answer just now.", _KEPT)


def words_of(error: Exception) -> Words:
    """What a customer reads of any exception."""
    return error.for_customer if isinstance(error, FirstlineError) else UNKNOWN


def detail_of(error: Exception) -> str:
    """What the operator reads of any exception, in one line or few."""
    if isinstance(error, DatabaseError):
        return error.placeless
    return str(error) if isinstance(error, FirstlineError) else f"{type(error).__name__}: {error}"


def words_for(code: str) -> Words | None:
    """What a customer reads of a stored failure by its code; None where its own words are the customer's."""
    found, left = {UNKNOWN.code: UNKNOWN}, [FirstlineError]
    while left:
        kind = left.pop()
        left += kind.__subclasses__()
        if kind.words:
            found[kind.code] = kind.words
    return found.get(code)

"""Errors of the engine.

EngineError                 a call was not answered, or the engine cannot be started
├── ContextError            the prompt is longer than one answer's context
├── LineFullError           as many calls wait as may
├── DeadlineError           the call was not answered in its time
├── CapacityError           the settings need more memory than there is
├── ClosedError             the engine has been closed
└── EngineFailedError       llama.cpp failed, or the engine's thread did; it starts again
"""

from localmodel.errors import ExplainedError


class EngineError(ExplainedError):
    """Base."""


class ContextError(EngineError):
    """The prompt is longer than one answer's context."""


class LineFullError(EngineError):
    """As many calls wait as may."""


class DeadlineError(EngineError):
    """The call was not answered in its time."""


class CapacityError(EngineError):
    """The settings need more memory than there is."""


class ClosedError(EngineError):
    """The engine has been closed."""


class EngineFailedError(EngineError):
    """llama.cpp failed, or the engine's thread did."""

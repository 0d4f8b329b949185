"""Errors of fine-tuning, over those of the ground floor (`localmodel.errors`).

FinetuneError           what happened, with the value, and what to do next
├── DataError           training or held-out data cannot be used: `file:line: what`
└── RunError            a run cannot start or go on: settings, disk, a loss that is not a number

A base model that cannot be fine-tuned is a BaseModelError, a candidate that cannot be judged a ReleaseError: serving
raises these too.
"""

from localmodel.errors import ExplainedError


class FinetuneError(ExplainedError):
    """Data or a run that cannot be used."""


class DataError(FinetuneError):
    """Data cannot be used. `what` begins with `file:line:` where a line is known."""


class RunError(FinetuneError):
    """A run cannot start or go on; what it has written so far stands."""

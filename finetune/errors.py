"""Errors of fine-tuning, export and release.

FinetuneError           what happened, with the value, and what to do next
├── DataError           training or held-out data cannot be used: `file:line: what`
├── RunError            a run cannot start or go on: settings, disk, a loss that is not a number
├── BaseModelError      the base model cannot be fine-tuned, or an adapter does not belong to it
└── ReleaseError        a candidate cannot be judged or released
"""


class FinetuneError(Exception):
    """Says what happened and what to do next; `str()` gives both."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"{what} {hint}".strip())
        self.what = what
        self.hint = hint


class DataError(FinetuneError):
    """Data cannot be used. `what` begins with `file:line:` where a line is known."""


class RunError(FinetuneError):
    """A run cannot start or go on; what it has written so far stands."""


class BaseModelError(FinetuneError):
    """A base model that cannot be fine-tuned, or an adapter that does not belong to it."""


class ReleaseError(FinetuneError):
    """A candidate that cannot be judged or released."""

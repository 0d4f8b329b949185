"""Errors that explain themselves, and those of the ground floor.

ExplainedError              what happened, with the value, and what to do next
├── ModelFileError          a model file is missing, damaged, not the pinned one, or not one that llama.cpp can serve
├── BaseModelError          the base model cannot be fine-tuned, or an adapter does not belong to it
└── ReleaseError            a candidate cannot be judged, or a release cannot be served, promoted or rolled back

The router's, the trainer's and the application's own trees begin at ExplainedError too, so whoever shows an error to a
person catches that.
"""


class ExplainedError(Exception):
    """Says what happened and what to do next; `str()` gives both."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(f"{what} {hint}".strip())
        self.what = what
        self.hint = hint


class ModelFileError(ExplainedError):
    """A model file that is missing, damaged, not the pinned one, or without a chat template that can be used."""


class BaseModelError(ExplainedError):
    """A base model that cannot be fine-tuned, or an adapter that does not belong to it."""


class ReleaseError(ExplainedError):
    """A candidate that cannot be judged, or a release that cannot be served, promoted or rolled back."""

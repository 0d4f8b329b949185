"""The router's errors.

RouterError                what happened, with the value, and what to do next
├── PackError              a domain pack is malformed: file, line, remedy
├── EncoderError           the encoder is missing, damaged or of another shape
├── ArtefactError          trained artefacts cannot be read or written
└── PolicyError            a policy, or its file, is malformed or does not fit the router
"""

from localmodel.errors import ExplainedError


class RouterError(ExplainedError):
    """Pack, encoder, artefacts or policy cannot be used."""


class PackError(RouterError):
    """A domain pack cannot be used. `what` begins with `file:line:` where a line is known."""


class EncoderError(RouterError):
    """The sentence encoder cannot be loaded or does not fit."""


class ArtefactError(RouterError):
    """Trained artefacts cannot be read or written."""


class PolicyError(RouterError):
    """A policy cannot be used. `what` begins with `file:line:` where it comes from a file."""

"""What serves now, as a value: a turn keeps the one that it began with."""

from dataclasses import dataclass
from pathlib import Path

from router.router import Router


@dataclass(frozen=True, slots=True)
class Serving:
    """`form` is the prompt form that model and adapter were fine-tuned on, "" for the base model."""

    release: str
    router: Router
    adapter: Path | None = None
    form: str = ""

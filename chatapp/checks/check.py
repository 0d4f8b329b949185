"""The result of a check, and what it examines."""

from dataclasses import dataclass
from typing import Literal

from chatapp.fences.report import FenceReport
from chatapp.settings import Settings


@dataclass(frozen=True, slots=True)
class Check:
    """One part's state. `remedy` is what to do, under a failure or beside a note."""

    status: Literal["ok", "fail", "note"]
    name: str
    detail: str
    remedy: str = ""

    @property
    def text(self) -> str:
        """For people: a line, and the remedy under it."""
        remedy = f"\n      {self.remedy}" if self.remedy else ""
        return f"{self.status:<4}  {self.name:<12}  {self.detail}{remedy}"


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined. `fences` is None in hybrid mode."""

    settings: Settings
    fences: FenceReport | None

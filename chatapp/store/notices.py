"""What is noted under an answer, as it is stored: `{"code", "text"}` and, for the operator alone, `detail`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class NoticeCode(StrEnum):
    """What a notice is about. The first three are told while an answer is made, and never stored."""

    QUEUED = "queued"
    """The local model answers others first."""
    SLOW = "slow"
    """The cloud model lets people wait for the first word."""
    SAVING = "saving"
    """The answer is whole, and the database does not take it yet."""

    APPROVED_WORDING = "approved_wording"
    UNSURE = "unsure"
    """The fact may not be the one that was asked for."""
    ESCALATED = "escalated"
    """The local wording was given up, and the cloud was asked."""
    CLOUD_FAILED = "cloud_failed"
    """The cloud was asked, and failed; the approved wording stands in."""
    INCOMPLETE = "incomplete"
    """The cloud's answer may not be whole."""
    UNBACKED = "unbacked"
    """The cloud's answer has figures that nothing approved bears out."""


@dataclass(frozen=True, slots=True)
class Note:
    """One notice. `code` is a NoticeCode or, of a turn that failed, the code of its error.

    `text` is what is said, `detail` what the operator alone reads, "" for nothing more.
    """

    code: str
    text: str
    detail: str = ""

    def as_json(self) -> dict[str, str]:
        """The stored form; `detail` only where there is one."""
        shown = {"code": str(self.code), "text": self.text}
        return shown | ({"detail": self.detail} if self.detail else {})


def notes_of(stored: Iterable[Mapping[str, Any]]) -> tuple[Note, ...]:
    """The notices of a stored turn, but for those whose words were deleted."""
    kept = (one for one in stored if "text" in one)
    return tuple(Note(str(one["code"]), str(one["text"]), str(one.get("detail", ""))) for one in kept)

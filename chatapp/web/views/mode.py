"""What the bar says this deployment may do."""

from dataclasses import dataclass

from chatapp.turn.events import Reader
from router.types import Mode


@dataclass(frozen=True, slots=True)
class ModeView:
    """The mode as the bar shows it, long and short."""

    icon: str
    words: str
    short: str
    explanation: str


def mode_view(mode: Mode, cloud_connected: bool, reader: Reader) -> ModeView:
    """The bar's words for what this deployment may do."""
    if mode is Mode.LOCAL_ONLY:
        explanation = "Every answer is made on our own computers. Nothing that you write leaves them."
        return ModeView("lock", "Local only: nothing leaves our own computers", "Local only", explanation)
    if cloud_connected:
        explanation = (
            "Everyday questions are answered on our own computers; unusual ones may be sent to an outside AI service."
        )
        return _hybrid("Hybrid", "Hybrid", explanation, reader)
    explanation = "Every answer is made on our own computers. What we cannot answer there, a person can."
    return _hybrid("Hybrid, cloud not connected", "No cloud", explanation, reader)


def _hybrid(words: str, short: str, explanation: str, reader: Reader) -> ModeView:
    """A customer need not know what the mode is called, but that an AI answers."""
    if reader is Reader.CUSTOMER:
        words = short = "AI assistant"
    return ModeView("hybrid", words, short, explanation)

"""The facts that a model is taught to word."""

from router.pack.load import Pack
from router.types import Fact, FactVoice


def worded(pack: Pack) -> dict[str, Fact]:
    """By id, the facts that are worded from their text: neither said word for word nor in words of the model's own."""
    return {fact.id: fact for fact in pack.facts if fact.voice is FactVoice.PHRASED}

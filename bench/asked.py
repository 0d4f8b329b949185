"""Held-out questions of the support pack with their right facts, as the local model is asked to word them."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from chatapp.backends.base import ChatMessage
from chatapp.turn.prompts import local_beginnings, local_messages
from engine import Ask, Engine
from localmodel.adapter import FORM_KEY, read_metadata
from router.pack.load import load_pack
from router.types import FactVoice

PACK = Path("packs/support")
ADAPTER = PACK / "adapter.gguf"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the approved text that answers it, the prompt of both, and what others begin alike."""

    question: str
    fact: str
    messages: tuple[ChatMessage, ...]
    alike: tuple[tuple[ChatMessage, ...], ...]

    @property
    def json(self) -> list[dict[str, str]]:
        """The prompt as OpenAI-compatible servers take it."""
        return [{"role": message.role, "content": message.content} for message in self.messages]


def held_out(count: int | None = None) -> list[Asked]:
    """That many questions, evenly spread over those that a fact answers in the model's words; None for all."""
    pack, form = load_pack(PACK), read_metadata(ADAPTER).get(FORM_KEY, "")
    facts = {fact.id: fact for fact in pack.facts if fact.voice is FactVoice.PHRASED}
    lines = (PACK / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["facts"] and row["facts"][0] in facts]
    if count is not None:
        rows = [rows[at * len(rows) // count] for at in range(min(count, len(rows)))]
    return [_asked(pack.persona, facts[row["facts"][0]].text, row["text"], form) for row in rows]


def _asked(persona: str, fact: str, question: str, form: str) -> Asked:
    messages = local_messages(persona, fact, question, form)
    return Asked(question, fact, messages, local_beginnings(persona, fact, form))


def read_all_ahead(engine: Engine) -> None:
    """What the product does after its start: the model reads every text that it words. Returns when it has."""
    asks = []
    for each in held_out():
        prompt = engine.tokenize(each.messages)
        asks.append(Ask(prompt, 1, adapter=ADAPTER.resolve(), marks=engine.marks(prompt, each.alike)))
    engine.read_ahead(asks)
    while engine.reading:
        time.sleep(0.05)

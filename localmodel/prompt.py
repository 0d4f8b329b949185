"""The prompt of a local answer: one for the base model, one for a model fine-tuned on exactly this prompt form.

Chosen by trial; the figures are in docs/local-answers.md and docs/fine-tuning.md. It is on the ground floor because the
application and fine-tuning must use one and the same text.
"""

from typing import Literal, NamedTuple

GROUNDED = "grounded-2"
"""Name of the form that is fine-tuned on now: persona, text, message. An adapter carries the name of its form."""

MESSAGE_FIRST = "grounded-1"
"""The form before it, persona, message, text, which adapters of earlier releases were trained on."""

FORMS = (GROUNDED, MESSAGE_FIRST)
"""The forms of fine-tuned models."""

REFUSAL = "I do not know."
"""What a fine-tuned model says, and nothing else, where the text does not answer. It is never shown."""

_TUNED_RULES = f"Answer from the text alone. If it does not answer, say: {REFUSAL}"
_PLAIN_RULES = (
    "Answer in one to three short sentences, from the fact you are given and nothing else. "
    "Keep its numbers, names and conditions exactly. Never invent anything; if the fact does not answer, say so."
)
_EXAMPLES = (
    (
        "can i bring my dog",
        "Dogs may come into the garden, but not into the reading room. Guide dogs are welcome everywhere.",
    ),
    (
        "how long may i keep a film",
        "Films can be borrowed for 7 days and renewed once if nobody has reserved them. Each day late costs 0.50 EUR.",
    ),
    (
        "the scanner does not work, what now",
        "Ask at the desk on the first floor, open until 18:00; they help you or lend you a hand scanner.",
    ),
)


class Said(NamedTuple):
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


def local_prompt(persona: str, fact: str, question: str, form: str = "") -> tuple[Said, ...]:
    """The messages of one local prompt; `form` is one of FORMS for a model fine-tuned on it, "" for the base model.

    What is the same for every turn stands first and stays warm in the engine, in the newest form the text too, which is
    asked for again and again. No history: the router's choice of fact has settled the context of the message.
    """
    if form in FORMS:
        return (Said("system", f"{persona.strip()} {_TUNED_RULES}"), _tuned(question, fact, form))
    shown = [said for asked, text in _EXAMPLES for said in (_plain(asked, text), Said("assistant", text))]
    return (Said("system", f"{persona.strip()} {_PLAIN_RULES}"), *shown, _plain(question, fact))


def _tuned(question: str, fact: str, form: str) -> Said:
    parts = f"Text: {fact.strip()}", f"Customer: {question.strip()}"
    return Said("user", "\n\n".join(parts if form == GROUNDED else reversed(parts)))


def _plain(question: str, fact: str) -> Said:
    return Said(
        "user",
        f"Customer: {question.strip()}\n\nRepeat this text to the customer, without adding anything:\n{fact.strip()}",
    )

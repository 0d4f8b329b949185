"""The prompts, as messages of a backend. How the local one is worded is the router's `grounding.py`, which fine-tuning
shares; the cloud's is here.
"""

from collections.abc import Sequence

from chatapp.backends.base import ChatMessage
from router.grounding import local_prompt

_CLOUD_RULES = (
    "Be brief and honest. What you know of the customer and of us is in this conversation; "
    "what you do not know of us, say that you do not know."
)
_NEAREST = "What our approved information says that may be of use; leave it out where it does not answer the message:"


def local_messages(persona: str, fact: str, question: str, form: str = "") -> tuple[ChatMessage, ...]:
    """The prompt of one local answer in the `form` that the model was fine-tuned on, "" for one as it comes."""
    return tuple(ChatMessage(said.role, said.content) for said in local_prompt(persona, fact, question, form))


def free_messages(persona: str, question: str) -> tuple[ChatMessage, ...]:
    """The prompt of an answer in the model's own words: persona and message, and no text."""
    return ChatMessage("system", persona.strip()), ChatMessage("user", question.strip())


def cloud_messages(
    persona: str, history: Sequence[ChatMessage], facts: Sequence[str], question: str
) -> tuple[ChatMessage, ...]:
    """The prompt of one cloud answer: persona and history first; the nearest facts and the message last.

    The cloud model knows nothing of the deployment but what stands here, so it is told the nearest facts, and left to
    judge whether they are of use.
    """
    nearest = f"{_NEAREST}\n" + "\n".join(f"- {fact.strip()}" for fact in facts) + "\n\n" if facts else ""
    return (
        ChatMessage("system", f"{persona.strip()} {_CLOUD_RULES}"),
        *history,
        ChatMessage("user", f"{nearest}{question.strip()}"),
    )

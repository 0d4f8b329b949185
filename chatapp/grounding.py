"""The prompts. The local model's is so worded that it stays as close to the approved text as it can.

Chosen by trial; the figures are in docs/local-answers.md. Two things matter for a model of 135M parameters: examples
in which the text is said again word for word, and the text at the very end. The examples are of another trade than
any pack's, so that a word of theirs in an answer is noticed.
"""

from collections.abc import Sequence

from chatapp.backends.base import ChatMessage

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

_LOCAL_RULES = (
    "Answer in one to three short sentences, from the fact you are given and nothing else. "
    "Keep its numbers, names and conditions exactly. Never invent anything; if the fact does not answer, say so."
)
_CLOUD_RULES = (
    "Be brief and honest. What you know of the customer and of us is in this conversation; "
    "what you do not know of us, say that you do not know."
)


def local_messages(persona: str, fact: str, question: str) -> tuple[ChatMessage, ...]:
    """The prompt of one local answer: persona and examples first, the message and the approved text last.

    No history: with it this model strays from the text (48 % of its answers pass the support guard, 78 % without), and
    what the message leans on has been settled by the router's choice of fact. So all but the last message is the same
    for every turn of every user, and stays warm in the engine. Invariant: the approved text is the prompt's end.
    """
    shown = [message for asked, text in _EXAMPLES for message in _example(asked, text)]
    return (_system(persona, _LOCAL_RULES), *shown, _grounded(question, fact))


def _system(persona: str, rules: str) -> ChatMessage:
    return ChatMessage("system", f"{persona.strip()} {rules}")


def _example(question: str, text: str) -> tuple[ChatMessage, ChatMessage]:
    return _grounded(question, text), ChatMessage("assistant", text)


def _grounded(question: str, fact: str) -> ChatMessage:
    return ChatMessage(
        "user",
        f"Customer: {question.strip()}\n\nRepeat this text to the customer, without adding anything:\n{fact.strip()}",
    )


_NEAREST = "What our approved information says that may be of use; leave it out where it does not answer the message:"


def cloud_messages(
    persona: str, history: Sequence[ChatMessage], facts: Sequence[str], question: str
) -> tuple[ChatMessage, ...]:
    """The prompt of one cloud answer: persona and history first; the nearest facts and the message last.

    The cloud model knows nothing of the deployment but what stands here, so it is told the nearest facts, and left to
    judge whether they are of use.
    """
    nearest = f"{_NEAREST}\n" + "\n".join(f"- {fact.strip()}" for fact in facts) + "\n\n" if facts else ""
    return (
        _system(persona, _CLOUD_RULES),
        *history,
        ChatMessage("user", f"{nearest}{question.strip()}"),
    )

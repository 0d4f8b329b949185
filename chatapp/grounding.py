"""What the local model is shown: so worded that it stays as close to the approved text as it can.

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


def local_messages(
    persona: str,
    history: Sequence[ChatMessage],
    facts: Sequence[str],
    question: str,
    summary: str = "",
) -> tuple[ChatMessage, ...]:
    """The prompt of one local answer: persona, examples, summary and history first, facts and question last.

    Invariants: the prompt of the next turn begins with all but the last message of this one, as long as persona and
    summary stay the same and the history only grows, so that the engine's warm prefix serves turn after turn; the
    approved text of the facts, best first, is the end of the last message.

    The untuned default model keeps to the text best with an empty history: the fact was chosen with it in view.
    """
    system = f"{persona.strip()}\n\nEarlier in this conversation: {summary.strip()}" if summary else persona.strip()
    shown = [message for asked, text in _EXAMPLES for message in _example(asked, text)]
    return (ChatMessage("system", system), *shown, *history, _grounded(question, facts))


def _example(question: str, text: str) -> tuple[ChatMessage, ChatMessage]:
    return _grounded(question, [text]), ChatMessage("assistant", text)


def _grounded(question: str, facts: Sequence[str]) -> ChatMessage:
    text = " ".join(fact.strip() for fact in facts)
    return ChatMessage(
        "user",
        f"Customer: {question.strip()}\n\nRepeat this text to the customer, without adding anything:\n{text}",
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
        ChatMessage("system", persona.strip()),
        *history,
        ChatMessage("user", f"{nearest}{question.strip()}"),
    )

"""A model's own chat template, and the messages in the form that it takes.

Some templates refuse a system message, or drop it in silence; some want user and assistant by turns. Which, is tried
once, when the model is loaded: a prompt that the template would refuse is never made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chatapp.backends.base import ChatMessage
from chatapp.errors import ModelFileError

Render = Callable[[Sequence[ChatMessage]], str]

_PERSONA = ChatMessage("system", "persona-of-the-trial")
_QUESTION = ChatMessage("user", "question-of-the-trial")


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """`system`: it takes a system message. `alternating`: it takes user and assistant only by turns."""

    render: Render
    system: bool = True
    alternating: bool = False

    @classmethod
    def tried(cls, render: Render, name: str) -> "ChatTemplate":
        """The template with what it takes. Raises ModelFileError where it takes no conversation at all."""
        for template in (cls(render), cls(render, system=False)):
            if not template._fails(_PERSONA, _QUESTION):
                return replace(template, alternating=bool(template._fails(_QUESTION, _QUESTION)))
        why = cls(render, system=False)._fails(_PERSONA, _QUESTION)
        raise ModelFileError(
            f"The chat template of {name!r} cannot be used: {why}.",
            "Set FIRSTLINE_LOCAL_MODEL to an instruction-tuned GGUF file whose template llama.cpp can read.",
        )

    def prompt(self, messages: Sequence[ChatMessage]) -> str:
        """The prompt's text, ready for the answer to follow. Raises what the template raises."""
        if not self.system:
            messages = folded(messages)
        return self.render(by_turns(messages) if self.alternating else messages)

    def _fails(self, *messages: ChatMessage) -> str:
        """Why the template does not take these messages, whole; "" if it does."""
        try:
            prompt = self.prompt(messages)
        except Exception as error:  # a template is a program of somebody else's, and raises what it likes
            return f"{type(error).__name__} {str(error)!r}"
        lost = [message.content for message in messages if message.content not in prompt]
        return f"it leaves out {lost[0]!r}" if lost else ""


def folded(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Without system messages: their text stands at the beginning of the user's message that follows."""
    out: list[ChatMessage] = []
    held: list[str] = []
    for message in messages:
        if message.role == "system":
            held.append(message.content)
        elif message.role == "user" and held:
            out.append(ChatMessage("user", "\n\n".join([*held, message.content])))
            held = []
        else:
            out.append(message)
    return [*out, ChatMessage("user", "\n\n".join(held))] if held else out


def by_turns(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """With no two messages of one role in a row: their texts are joined."""
    out: list[ChatMessage] = []
    for message in messages:
        if out and out[-1].role == message.role:
            out[-1] = ChatMessage(message.role, f"{out[-1].content}\n\n{message.content}")
        else:
            out.append(message)
    return out


def template_of(llama: Any, name: str) -> ChatTemplate:
    """That of a loaded model. Raises ModelFileError where it has none, or none that can be used."""
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    source = llama.metadata.get("tokenizer.chat_template")
    if not source:
        raise ModelFileError(
            f"{name!r} carries no chat template.", "Set FIRSTLINE_LOCAL_MODEL to an instruction-tuned GGUF file."
        )
    eos, bos = (_token_text(llama, token) for token in (llama.token_eos(), llama.token_bos()))
    try:
        formatter: Any = Jinja2ChatFormatter(template=source, eos_token=eos, bos_token=bos)
    except Exception as error:
        raise ModelFileError(
            f"The chat template of {name!r} cannot be read: {type(error).__name__} {str(error)!r}.",
            "Set FIRSTLINE_LOCAL_MODEL to an instruction-tuned GGUF file whose template llama.cpp can read.",
        ) from None

    def render(messages: Sequence[ChatMessage]) -> str:
        plain = [{"role": message.role, "content": message.content} for message in messages]
        return str(formatter(messages=plain).prompt)

    return ChatTemplate.tried(render, name)


def _token_text(llama: Any, token: int) -> str:
    return str(llama._model.token_get_text(token)) if token >= 0 else ""

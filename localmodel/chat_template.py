"""A model's own chat template, and messages arranged so that it accepts them.

Some templates refuse a system message or silently drop it; some want user and assistant by turns. That is found out
once, when the model is loaded, so a prompt that the template would refuse is never made. Serving and training both
render through here: what is trained is what is served.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from localmodel.errors import ModelFileError


class Message(Protocol):
    """Whatever has a role, by the names that chat templates use, and a text."""

    @property
    def role(self) -> str:
        """`system`, `user` or `assistant`."""

    @property
    def content(self) -> str:
        """What is said."""


class Plain(NamedTuple):
    """A message as a template takes it."""

    role: str
    content: str


Render = Callable[[Sequence[Plain], bool], str]
"""The text of messages; the flag says whether it ends where an answer would begin."""

_PERSONA = Plain("system", "persona-of-the-trial")
_QUESTION = Plain("user", "question-of-the-trial")


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """`system`: it accepts a system message. `alternating`: it wants user and assistant by turns."""

    render: Render
    system: bool = True
    alternating: bool = False

    @classmethod
    def of(cls, llama: Any, name: str) -> "ChatTemplate":
        """The template of a `llama_cpp.Llama`. Raises ModelFileError where it has none, or none that can be used."""
        source = llama.metadata.get("tokenizer.chat_template")
        if not source:
            raise ModelFileError(
                f"{name!r} carries no chat template.", "Set FIRSTLINE_LOCAL_MODEL to an instruction-tuned GGUF file."
            )
        try:
            render = _renderer(llama, source)
        except Exception as error:
            raise _unusable(name, "read", f"{type(error).__name__} {str(error)!r}") from None
        return cls.tried(render, name)

    @classmethod
    def tried(cls, render: Render, name: str) -> "ChatTemplate":
        """The template, and what it accepts. Raises ModelFileError where it renders no conversation at all."""
        for template in (cls(render), cls(render, system=False)):
            if not template._fails(_PERSONA, _QUESTION):
                return replace(template, alternating=bool(template._fails(_QUESTION, _QUESTION)))
        raise _unusable(name, "used", cls(render, system=False)._fails(_PERSONA, _QUESTION))

    def prompt(self, messages: Sequence[Message]) -> str:
        """The text of the messages, ready for the answer to follow. Raises what the template raises."""
        return self.render(self._taken(messages), True)

    def whole(self, messages: Sequence[Message]) -> str:
        """The text of the messages, and nothing after them. Raises what the template raises."""
        return self.render(self._taken(messages), False)

    def _taken(self, messages: Sequence[Message]) -> list[Plain]:
        said = [Plain(str(message.role), message.content) for message in messages]
        if not self.system:
            said = folded(said)
        return by_turns(said) if self.alternating else said

    def _fails(self, *messages: Plain) -> str:
        """Why the template does not take these messages, whole; "" if it does."""
        try:
            prompt = self.prompt(messages)
        except Exception as error:  # a template is a program of somebody else's, and raises what it likes
            return f"{type(error).__name__} {str(error)!r}"
        lost = [message.content for message in messages if message.content not in prompt]
        return f"it leaves out {lost[0]!r}" if lost else ""


def folded(messages: Sequence[Message]) -> list[Plain]:
    """The messages without system messages, whose text is put at the beginning of the next user message."""
    out: list[Plain] = []
    held: list[str] = []
    for message in messages:
        if message.role == "system":
            held.append(message.content)
        elif message.role == "user" and held:
            out.append(Plain("user", "\n\n".join([*held, message.content])))
            held = []
        else:
            out.append(Plain(message.role, message.content))
    return [*out, Plain("user", "\n\n".join(held))] if held else out


def by_turns(messages: Sequence[Message]) -> list[Plain]:
    """The messages with consecutive ones of the same role joined into one."""
    out: list[Plain] = []
    for message in messages:
        if out and out[-1].role == message.role:
            out[-1] = Plain(message.role, f"{out[-1].content}\n\n{message.content}")
        else:
            out.append(Plain(message.role, message.content))
    return out


def token_text(llama: Any, token: int) -> str:
    """How a `llama_cpp.Llama` spells a token, "" for one that it does not have."""
    return str(llama._model.token_get_text(token)) if token >= 0 else ""


def _renderer(llama: Any, source: str) -> Render:
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    eos, bos = (token_text(llama, token) for token in (llama.token_eos(), llama.token_bos()))
    formatters: dict[bool, Any] = {
        ends_open: Jinja2ChatFormatter(template=source, eos_token=eos, bos_token=bos, add_generation_prompt=ends_open)
        for ends_open in (True, False)
    }

    def render(messages: Sequence[Plain], ends_open: bool) -> str:
        plain = [message._asdict() for message in messages]
        return str(formatters[ends_open](messages=plain).prompt)

    return render


def _unusable(name: str, done: str, why: str) -> ModelFileError:
    return ModelFileError(
        f"The chat template of {name!r} cannot be {done}: {why}.",
        "Set FIRSTLINE_LOCAL_MODEL to an instruction-tuned GGUF file whose template llama.cpp can read.",
    )

"""One chunk of a server's answer, in every shape in which servers send it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chatapp.backends.base import Usage
from chatapp.backends.cloud.usage import exact

_THOUGHTS = "reasoning_content", "reasoning", "thinking"
_COMPLAINTS = "message", "detail", "msg", "error_msg"


@dataclass(frozen=True, slots=True)
class Piece:
    """What a chunk contains. `called`: it asks for a tool; `finish` is the finish reason, "" for none; `logprobs` are
    those of its tokens, natural logarithms.
    """

    text: str = ""
    thought: str = ""
    called: bool = False
    finish: str = ""
    usage: Usage | None = None
    logprobs: tuple[float, ...] = ()

    @property
    def alive(self) -> bool:
        """Whether the model is writing, its thinking included."""
        return bool(self.text or self.thought or self.called)


def read_chunk(chunk: Any) -> Piece:
    """A chunk of a stream, or a whole completion; anything else gives an empty piece. Never raises.

    Of several choices the first counts: no more than one is asked for.
    """
    if not isinstance(chunk, Mapping):
        return Piece()
    choice = _first(chunk.get("choices"))
    said = _mapping(choice.get("delta")) or _mapping(choice.get("message"))
    texts, thoughts = _parts(said.get("content"))
    return Piece(
        text=texts or _plain(said.get("refusal")) or _plain(choice.get("text")),
        thought=thoughts or next(filter(None, (_all_text(said.get(name)) for name in _THOUGHTS)), ""),
        called=bool(said.get("tool_calls") or said.get("function_call")),
        finish=_plain(choice.get("finish_reason")),
        usage=exact(chunk.get("usage")),
        logprobs=tuple(_logprobs(_mapping(choice.get("logprobs")))),
    )


def complaint(chunk: Any) -> Any:
    """The error that a server sends in place of a chunk; None for a chunk."""
    if isinstance(chunk, list):
        return next(filter(None, map(complaint, chunk)), None)
    if not isinstance(chunk, Mapping):
        return None
    if chunk.get("error"):
        return chunk["error"]
    said = not chunk.get("choices") and any(
        isinstance(chunk.get(name), str | list) and chunk[name] for name in _COMPLAINTS
    )
    return chunk if said and "usage" not in chunk else None


def _logprobs(given: Mapping[str, Any]) -> Iterator[float]:
    """Those of a chat completion, one an object, or of a plain one, as a list."""
    named, plain = given.get("content"), given.get("token_logprobs")
    found = [_mapping(one).get("logprob") for one in named] if isinstance(named, list) else plain
    for value in found if isinstance(found, list) else ():
        if isinstance(value, int | float) and value <= 0:
            yield float(value)


def _first(choices: Any) -> Mapping[str, Any]:
    listed = [choice for choice in choices if isinstance(choice, Mapping)] if isinstance(choices, list) else []
    return next((choice for choice in listed if choice.get("index") in (0, None)), {})


def _parts(content: Any) -> tuple[str, str]:
    """The words and the thoughts of a content that is a text, a part, or a list of either."""
    if isinstance(content, str):
        return content, ""
    words, thoughts = "", ""
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            words += part
        elif isinstance(part, Mapping):
            kind, said = _plain(part.get("type")), _all_text(part)
            thinks = any(name in part or name in kind for name in ("thinking", "reasoning"))
            words, thoughts = (words, thoughts + said) if thinks else (words + said, thoughts)
    return words, thoughts


def _all_text(thing: Any) -> str:
    """Every text inside, one after the other."""
    return "".join(_texts(thing))


def _texts(thing: Any) -> Iterator[str]:
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, list):
        for item in thing:
            yield from _texts(item)
    elif isinstance(thing, Mapping):
        for name in ("text", "thinking", "reasoning", "summary", "refusal"):
            yield from _texts(thing.get(name))


def _mapping(thing: Any) -> Mapping[str, Any]:
    return thing if isinstance(thing, Mapping) else {}


def _plain(thing: Any) -> str:
    return thing if isinstance(thing, str) else ""

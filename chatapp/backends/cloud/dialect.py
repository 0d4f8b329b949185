"""What one server accepts: which of our parameters and roles, learnt from its refusals."""

import re
from collections.abc import Sequence, Set
from typing import Any

import openai

from chatapp.backends.base import ChatMessage, Request
from chatapp.backends.cloud.said import everything_said
from chatapp.backends.legible import without_control

_LENGTHS = ("max_tokens", "max_completion_tokens")
_OPTIONAL = ("temperature", "seed", "stream_options", "logprobs", "top_logprobs")
_PROBABILITIES = {"logprobs", "top_logprobs"}
_NEVER_LEARNT_FROM = frozenset({401, 402, 408, 429})  # the key, the bill and the hour say nothing about a parameter
_REFUSED = re.compile(
    r"unsupported|not.{0,12}support|unknown|unrecogni[sz]ed|unexpected|not permitted|not allowed|deprecat|extra|"
    r"invalid|not (available|implemented|accept)|no longer|cannot be|can't be|must be|only .{0,20}default|instead|"
    r"remove",
    re.I,
)
_AT_MOST = re.compile(
    r"(?:at most|less than or equal to|no (?:more|greater|larger) than|<=|≤|up to|"
    r"max(?:imum)?(?: \w+){0,3}(?: is| of|:)?)\s*[`'\"]?(\d{2,7})",
    re.I,
)
_TOO_LARGE = re.compile(
    r"too (large|high|big|many|long)|at most|less than|no (more|greater|larger) than|<=|≤|exceed", re.I
)
_ROLE = re.compile(
    r"system.{0,30}(role|message|prompt|instruction)|developer.{0,20}instruction|role.{0,40}system|"
    r"roles? must alternate|only.{0,6}user",
    re.I | re.S,
)
_CONTEXT = re.compile(
    r"context.?(length|window|size)|maximum.context|prompt is too long|too many (input )?tokens", re.I
)


class Dialect:
    """The parameters of a call, less what this server has refused, for the life of the backend.

    gpt-5 and its like take `max_completion_tokens` for `max_tokens` and no temperature; others take no `seed` or
    `stream_options`, a smaller answer, no system message but the first, or none at all. Such words then stand in the
    first message of the user. With `logprobs` the probability of each token is asked for, where the server gives it.
    """

    def __init__(self, *, logprobs: bool = False) -> None:
        self._lengths = list(_LENGTHS)
        self._longest: int | None = None
        self._optional = set(_OPTIONAL) - (set() if logprobs else _PROBABILITIES)
        self._systems = 2  # 2: anywhere, 1: only first, 0: none

    def arguments(self, request: Request, model: str) -> dict[str, Any]:
        """Keyword arguments of `chat.completions.create`."""
        optional = {
            "temperature": request.temperature,
            "seed": request.seed,
            "stream_options": {"include_usage": True},
            "logprobs": True,
            "top_logprobs": 1,  # some servers give none where it is left out
        }
        longest = min(request.max_tokens, self._longest or request.max_tokens)
        return {
            "model": model,
            "messages": [{"role": said.role, "content": said.content} for said in self.messages(request.messages)],
            "stream": True,
            **dict.fromkeys(self._lengths[:1], longest),
            **{name: value for name, value in optional.items() if name in self._optional},
        }

    def give_up_logprobs(self) -> bool:
        """Ask for no probabilities from now on; false where none were asked for."""
        asked = bool(self._optional & _PROBABILITIES)
        self._optional -= _PROBABILITIES
        return asked

    def ask_for_logprobs(self) -> None:
        """Ask for them from now on."""
        self._optional |= _PROBABILITIES

    def messages(self, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        """The messages with system messages only where this server takes them.

        In the others, which hold what people and models wrote, nothing spells a control token.
        """
        messages = [_defused(said) for said in messages]
        if self._systems == 2:
            return messages
        ours = "\n\n".join(said.content for said in messages if said.role == "system")
        others = [said for said in messages if said.role != "system"]
        if self._systems == 1 or not others or not ours:
            return [ChatMessage("system", ours), *others] if ours else others
        first, *rest = others
        return [ChatMessage(first.role, f"{ours}\n\n{first.content}"), *rest]

    def adapt(self, error: openai.APIStatusError, sent: dict[str, Any]) -> str:
        """Leave out, or change, what the refusal of `sent` names, and say what it was; "" where that is nothing.

        Each success removes something permanently, so a call is sent a handful of times at most.
        """
        if error.status_code in _NEVER_LEARNT_FROM:
            return ""
        said = _without_quotes(f"{error.param or ''} {everything_said(error.body, names=True)}", sent)
        if _CONTEXT.search(said):
            return ""
        name = _named(said, error.param, set(_OPTIONAL + _LENGTHS) & sent.keys())
        if name is None or not (error.status_code in (400, 422) or _REFUSED.search(said)):
            return self._fewer_systems(said, sent)
        if name in _OPTIONAL:
            self._optional -= _PROBABILITIES if name in _PROBABILITIES else {name}
            return name
        return self._other_length(name, said, sent[name])

    def _other_length(self, name: str, said: str, asked: int) -> str:
        """A smaller answer where the number was refused, another name where the parameter was."""
        limits = [int(number) for number in _AT_MOST.findall(said) if 0 < int(number) < asked]
        if _TOO_LARGE.search(said) and limits:
            self._longest = max(limits)
            return f"{name} above {self._longest}"
        if not _REFUSED.search(said):
            return ""
        if name in self._lengths:  # else a call made at the same time was refused first
            self._lengths.remove(name)
        return name

    def _fewer_systems(self, said: str, sent: dict[str, Any]) -> str:
        roles = [message["role"] for message in sent["messages"]]
        if not (_ROLE.search(said) and "system" in roles):
            return ""
        self._systems = 1 if "system" in roles[1:] else 0
        return "a system message" if self._systems == 0 else "a system message that is not the first"


def _defused(said: ChatMessage) -> ChatMessage:
    return said if said.role == "system" else ChatMessage(said.role, without_control(said.content))


def _named(said: str, param: str | None, names: Set[str]) -> str | None:
    """Which of `names` the refusal is about: the one in `param`, or else the first that it names."""
    words = [*re.findall(r"\w+", param or ""), *re.findall(r"\w+", said)]
    return next((word for word in words if word in names), None)


def _without_quotes(said: str, sent: dict[str, Any]) -> str:
    """What the server says, less what it quotes of the conversation."""
    for message in sent["messages"]:
        if message["content"]:
            said = said.replace(message["content"], " ")
    return said

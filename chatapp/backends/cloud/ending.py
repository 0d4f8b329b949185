"""How a stream ended: complete, cut short, or without an answer."""

import re
from dataclasses import dataclass

from chatapp.addresses.shown import shown_url
from chatapp.backends.base import Stage
from chatapp.backends.cloud.server import ModelServer
from chatapp.errors import ProviderCutError, ProviderError, ProviderFaultError, ProviderFilteredError

_LENGTH = frozenset({"length", "max_tokens", "max_output_tokens", "max_completion_tokens"})
_FILTER = frozenset(
    {"content_filter", "safety", "recitation", "blocklist", "prohibited_content", "refusal", "sensitive"}
)
_BROKEN = frozenset({"error", "network_error", "malformed_function_call", "insufficient_system_resource", "abort"})
_ENDS_WHOLE = re.compile(r"[^\w\s,]\s*\Z")


@dataclass(slots=True)
class Ending:
    """What a stream had said when it ended. `text` is the answer; `marked`: the server marked its end."""

    text: str = ""
    finish: str = ""
    thought: bool = False
    called: bool = False
    marked: bool = False

    @property
    def looks_whole(self) -> bool:
        """Whether the words end as a sentence, a list or a block does."""
        return bool(_ENDS_WHOLE.search(self.text))

    def cut(self, server: ModelServer) -> tuple[str, str]:
        """The error of an answer that ended in the middle, with its hint."""
        return (
            f"The {server.route} server {shown_url(server.base_url)!r} ended the answer in the middle, after "
            f"{len(self.text):,} characters (finish reason {self.finish!r}).",
            server.hint("Ask again; if it stays, a proxy before {at}_BASE_URL may cut long responses."),
        )


def ended_by(ending: Ending, gives_reasons: bool | None, server: ModelServer) -> tuple[Stage, ProviderError | None]:
    """The stage that the stream ended in, and its error if it was none.

    `gives_reasons` tells whether this server usually gives a finish reason, None where it was not seen before. An end
    without one means nothing where none is usual, and something where one is.
    """
    finish = ending.finish.lower()
    if not ending.text.strip():
        return Stage.WHOLE, _nothing(ending, finish, server)
    if finish in _LENGTH:
        return Stage.LENGTH, None
    if finish in _FILTER:
        return Stage.FILTERED, None
    if finish in _BROKEN:
        return Stage.WHOLE, ProviderCutError(*ending.cut(server))
    if finish:
        return Stage.WHOLE, None
    return _without_reason(ending, gives_reasons, server)


def _without_reason(
    ending: Ending, gives_reasons: bool | None, server: ModelServer
) -> tuple[Stage, ProviderError | None]:
    unusual = gives_reasons or (gives_reasons is None and not ending.looks_whole)
    if unusual and not ending.marked:
        return Stage.WHOLE, ProviderCutError(*ending.cut(server))
    return Stage.UNCERTAIN if gives_reasons else Stage.WHOLE, None


def _nothing(ending: Ending, finish: str, server: ModelServer) -> ProviderError:
    model = f"{server.route} model {server.model!r}"
    if finish in _FILTER:
        return ProviderFilteredError(
            f"The content filter of the {model} withheld the answer ({finish!r}).",
            server.hint(
                "Nothing is broken. If it stays for harmless messages, change the filter there or set another {model}."
            ),
        )
    if ending.thought or finish in _LENGTH:
        return ProviderFaultError(
            f"The {model} thought and wrote no answer, ended by {ending.finish!r}.",
            server.hint("Raise {at}_MAX_TOKENS, which its thinking uses up, or take a model that thinks less."),
        )
    if ending.called:
        return ProviderFaultError(
            f"The {model} called a tool instead of answering; it is offered none.",
            server.hint("Set {model} to a model for chat, without tools or agents of its own."),
        )
    return ProviderFaultError(
        f"The {model} gave an empty answer, ended by {ending.finish!r}.",
        server.hint("See its server's log; some end so when {at}_PROMPT_TOKENS is more than they take."),
    )

"""What was said is said again, word for word, and what was not said to its end is not."""

from chatapp.backends.base import ChatMessage, Request
from chatapp.backends.remembering import Remembering
from chatapp.backends.scripted import ScriptedBackend

ONE, OTHER = (Request((ChatMessage("user", text),)) for text in ("one", "other"))


async def _all(backend: Remembering, request: Request) -> str:
    return "".join([token.text async for token in backend.stream(request)])


async def test_a_request_is_answered_once() -> None:
    scripted = ScriptedBackend(["first words", "second words"])
    backend = Remembering(scripted)
    assert [await _all(backend, request) for request in (ONE, OTHER, ONE, ONE)] == [
        "first words",
        "second words",
        "first words",
        "first words",
    ]
    assert scripted.requests == [ONE, OTHER]
    usage = backend.stream(ONE).usage
    assert (usage.input_tokens, usage.output_tokens) == (1, 2)
    await backend.aclose()
    assert scripted.closed


async def test_an_answer_that_was_cut_short_is_not_remembered() -> None:
    scripted = ScriptedBackend(["never heard to its end", "second words"])
    backend = Remembering(scripted)
    stream = backend.stream(ONE)
    async for _ in stream:
        break
    await stream.aclose()
    assert await _all(backend, ONE) == "second words"

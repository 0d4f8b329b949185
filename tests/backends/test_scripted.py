"""The shipped fake keeps the same contract as the real ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.backends.base import Backend, Usage
from chatapp.backends.scripted import ScriptedBackend
from chatapp.errors import LocalModelError, ProviderCutError
from tests.backends.conftest import ask, read, read_to_error


async def test_list_of_replies_and_record_of_requests() -> None:
    backend: Backend = ScriptedBackend(["one two", "three"])
    stream = backend.stream(ask("what is it"))
    assert [token.text async for token in stream] == ["one", " two"]
    assert stream.usage == Usage(3, 2, estimated=False)
    assert await read(backend.stream(ask("b"))) == "three"
    with pytest.raises(LocalModelError, match="no reply left"):
        await read(backend.stream(ask("c")))
    assert isinstance(backend, ScriptedBackend)
    assert [request.messages[0].content for request in backend.requests] == ["what is it", "b", "c"]
    assert backend.cost_microusd(stream.usage, 1.0) == 5
    await backend.aclose()
    assert backend.closed


async def test_callable_and_errors() -> None:
    backend = ScriptedBackend(lambda request: request.messages[0].content.upper(), name="cloud")
    assert await read(backend.stream(ask("hi there"))) == "HI THERE"
    cut = ScriptedBackend([(["a", "b"], ProviderCutError("cut")), LocalModelError("no")])
    seen, fault = await read_to_error(cut.stream(ask("x")), ProviderCutError)
    assert (seen, fault.answer_started) == ("ab", True)
    with pytest.raises(LocalModelError) as early:
        await read(cut.stream(ask("x")))
    assert not early.value.answer_started


async def test_aclose_ends_the_call_and_leaves_an_estimate() -> None:
    stream = ScriptedBackend(["a b c"], delay_s=0.001).stream(ask("x"))
    seen = []
    async for token in stream:
        seen.append(token.text)
        await stream.aclose()
    assert seen == ["a"]
    assert stream.usage == Usage(1, 1, estimated=True)


@given(st.text())
async def test_pieces_joined_are_the_text(text: str) -> None:
    assert await read(ScriptedBackend([text]).stream(ask("x"))) == (text if text.strip() else "")

"""Who of several servers is asked, and what becomes of a call whose server fails."""

import asyncio
import math
import socket
from collections.abc import AsyncGenerator
from itertools import pairwise

import pytest

from chatapp.backends.base import Stage, Token, Usage
from chatapp.backends.cloud.usage import rough_count
from chatapp.backends.pool.drained import Drained
from chatapp.backends.pool.health import State
from chatapp.backends.pool.pool import Pool
from chatapp.backends.pool.stream import PoolStream
from chatapp.errors import (
    LocalModelError,
    ProviderAuthError,
    ProviderContextError,
    ProviderCutError,
    ProviderError,
    ProviderFaultError,
    ProviderStalledError,
    ProviderUnreachableError,
)
from tests.backends.conftest import (
    DONE,
    HELLO,
    KEY,
    Play,
    ask,
    error,
    events,
    make_settings,
    piece,
    read,
    read_to_error,
    status,
    usage,
)
from tests.backends.pool.conftest import Two

NOTHING = "http://127.0.0.1:9/v1"
SILENT = events(hang=True)
ENDLESS = events(piece("Hel"), hang=True)


def sure(text: str, *logprobs: float) -> dict[str, object]:
    """A piece of these tokens."""
    chunk = piece(text)
    chunk["choices"][0]["logprobs"] = {"content": [{"token": "x", "logprob": one} for one in logprobs]}
    return chunk


async def begin(call: PoolStream) -> AsyncGenerator[Token]:
    """The call, after its first word; to be held, for what nobody holds is ended."""
    words = aiter(call)
    await anext(words)
    return words  # type: ignore[return-value]


def states(pool: Pool) -> list[State]:
    return [one.state for one in pool.statuses]


async def test_an_answer_of_a_server_is_that_of_a_local_model(two: Two) -> None:
    said = events(piece(), sure("Hel", -0.1), sure("lo", -0.2, -0.4), piece(finish="stop"), usage(20, 2, 5), DONE)
    pool = two.pool(said, HELLO, local_hourly_usd=3600)
    call = pool.stream(ask("hi", temperature=0.3, seed=4))
    assert call.stage is Stage.WAITING
    assert [token async for token in call] == [Token("Hel", -0.1), Token("lo", pytest.approx(-0.3))]  # type: ignore[arg-type]
    assert (pool.name, pool.model, pool.context_tokens) == ("local", "small", 2048)
    assert call.usage == Usage(20, 2, 5, estimated=False)
    assert (call.lost, call.stage) == ([], Stage.WHOLE)
    assert pool.cost_microusd(call.usage, call.compute_s) == math.ceil(call.compute_s * 1_000_000)
    (sent,) = two.left.seen
    assert (sent["model"], sent["max_tokens"], sent["temperature"], sent["seed"]) == ("small", 12, 0.3, 4)
    assert (sent["logprobs"], sent["top_logprobs"]) == (True, 1)
    await pool.aclose()


async def test_a_server_that_gives_no_probabilities_is_not_asked_for_them_again(two: Two) -> None:
    pool = two.pool(HELLO, HELLO, local_base_url=two.left.url)
    refusal = "logprobs is not supported for models created with logits_all=False"
    two.left.plays = [error(500, refusal), HELLO]
    assert [token.logprob async for token in pool.stream(ask("hi"))] == [None, None]
    assert {"logprobs", "top_logprobs"} & two.left.seen[1].keys() == set()
    assert two.asked == (2, 0)
    await pool.aclose()


async def test_a_server_that_breaks_over_probabilities_is_asked_without_them_in_the_same_call(two: Two) -> None:
    pool = two.pool(HELLO, HELLO)
    two.left.plays = [events(), HELLO]
    assert await read(pool.stream(ask("hi"))) == "Hello"
    assert ["logprobs" in sent for sent in two.left.seen] == [True, False]
    assert two.asked == (2, 0)
    two.left.plays = [events()]
    assert [await read(pool.stream(ask("hi"))) for _ in range(2)] == ["Hello"] * 2
    assert two.asked[0] <= 3  # once more at most, for there is nothing left to leave out
    await pool.aclose()


async def test_an_empty_stream_that_had_another_cause_takes_no_probabilities_away(two: Two) -> None:
    pool = two.pool(HELLO, HELLO, local_base_url=two.left.url)
    two.left.plays = [events(), events(), HELLO]
    await read_to_error(pool.stream(ask("hi")), ProviderFaultError)
    assert await read(pool.stream(ask("hi"))) == "Hello"
    assert ["logprobs" in sent for sent in two.left.seen] == [True, False, True]
    await pool.aclose()


async def test_a_server_that_has_given_probabilities_is_asked_for_them_on(two: Two) -> None:
    pool = two.pool(HELLO, HELLO, local_base_url=two.left.url)
    two.left.plays = [events(sure("Yes.", -0.1), piece(finish="stop"), DONE), events()]
    await read(pool.stream(ask("hi")))
    await read_to_error(pool.stream(ask("hi")), ProviderFaultError)
    assert ["logprobs" in sent for sent in two.left.seen] == [True, True]
    await pool.aclose()


async def test_thinking_counts_for_no_probability(two: Two) -> None:
    thought = [sure(text, -9.0) for text in ("<think>", "hm", "</think>")]
    said = events(*thought, sure("Yes.", -0.1), piece(finish="stop"), DONE)
    pool = two.pool(said, HELLO)
    assert [token async for token in pool.stream(ask("hi"))] == [Token("Yes.", -0.1)]
    await pool.aclose()


@pytest.mark.parametrize(
    ("play", "dead"),
    [
        (SILENT, True),
        (error(500, "boom"), False),
        (error(503, "loading the model"), False),
        (error(429, "busy"), False),
        (error(404, "no such model", code="model_not_found"), False),
        (error(401, "Incorrect API key"), False),
        (status(200, "<html>a page</html>"), False),
    ],
)
async def test_what_one_server_cannot_begin_the_next_one_answers(two: Two, play: Play, dead: bool) -> None:
    pool = two.pool(play, HELLO, local_first_token_timeout_s=0.2)
    assert await read(pool.stream(ask("hi"))) == "Hello"
    assert states(pool) == [State.DEAD if dead else State.LIVE, State.LIVE]
    assert await read(pool.stream(ask("again"))) == "Hello"
    assert two.asked == (1, 2)  # what failed is the last to be chosen
    await pool.aclose()


async def test_a_server_that_is_not_there_is_passed_over(two: Two) -> None:
    pool = two.pool(HELLO, HELLO, local_base_url=f"{NOTHING},{two.right.url}")
    for _ in range(2):
        assert await read(pool.stream(ask("hi"))) == "Hello"
    assert [(one.address, one.state) for one in pool.statuses] == [(NOTHING, State.DEAD), (two.right.url, State.LIVE)]
    assert "cannot be reached" in pool.statuses[0].why
    await pool.aclose()


async def test_a_try_that_may_have_been_worked_on_is_in_the_books(two: Two) -> None:
    pool = two.pool(SILENT, HELLO, local_first_token_timeout_s=0.2)
    request = ask("hi")
    call = pool.stream(request)
    await read(call)
    assert call.usage == Usage(20, 2, 5, estimated=False)
    assert call.lost == [Usage(rough_count(request.messages))] or not call.lost[0].output_tokens
    assert call.compute_s > 0.2
    await pool.aclose()


@pytest.mark.parametrize(("play", "kind"), [(events(piece("Hel")), ProviderCutError), (ENDLESS, ProviderStalledError)])
async def test_what_has_begun_is_not_begun_anew(two: Two, play: Play, kind: type[ProviderError]) -> None:
    pool = two.pool(play, HELLO, local_stall_timeout_s=0.2, local_first_token_timeout_s=0.2)
    seen, fault = await read_to_error(pool.stream(ask("hi")), kind)
    assert (seen, fault.answer_started) == ("Hel", True)
    assert two.asked == (1, 0)
    assert states(pool) == [State.LIVE, State.LIVE]
    assert await read(pool.stream(ask("hi"))) == "Hello"
    assert two.asked == (1, 1)
    await pool.aclose()


async def test_a_prompt_that_is_too_long_is_so_everywhere(two: Two) -> None:
    pool = two.pool(error(400, "maximum context length is 4096 tokens"), HELLO)
    _, fault = await read_to_error(pool.stream(ask("hi")), ProviderContextError)
    assert "FIRSTLINE_LOCAL_PROMPT_TOKENS" in fault.hint
    assert two.asked == (1, 0)
    await pool.aclose()


async def test_where_none_is_left_the_operator_reads_of_each(two: Two) -> None:
    pool = two.pool(HELLO, error(500, "boom"), local_base_url=f"{NOTHING},{two.right.url}")
    _, fault = await read_to_error(pool.stream(ask("hi")), LocalModelError)
    assert not fault.answer_started
    assert "9/v1' cannot be reached" in fault.what
    assert "boom" in fault.what
    assert "FIRSTLINE_LOCAL_BASE_URL" in fault.hint
    assert fault.for_customer.text.startswith("Our own assistant could not answer")
    _, fault = await read_to_error(pool.stream(ask("hi")), LocalModelError)
    assert "'http://127.0.0.1:9/v1' is dead: The local server" in fault.what
    assert two.asked == (0, 2)  # each once a call
    await pool.aclose()


async def test_the_failure_of_the_only_server_is_told_as_it_is(two: Two) -> None:
    pool = two.pool(error(401, "wrong"), HELLO, local_base_url=two.left.url, local_api_key=KEY)
    _, fault = await read_to_error(pool.stream(ask("hi")), ProviderAuthError)
    assert "FIRSTLINE_LOCAL_API_KEY" in fault.hint
    assert KEY not in str(fault.as_json())
    assert pool.ready
    pool = two.pool(HELLO, HELLO, local_base_url=NOTHING)
    await read_to_error(pool.stream(ask("hi")), ProviderUnreachableError)
    assert not pool.ready
    await pool.aclose()


async def test_the_least_busy_is_asked(two: Two) -> None:
    pool = two.pool(ENDLESS, ENDLESS)
    calls = [pool.stream(ask("hi")) for _ in range(5)]
    begun = [await begin(call) for call in calls]
    assert [one.running for one in pool.statuses] == [3, 2]
    for call in calls[:3:2]:  # both of the left one
        await call.aclose()
    assert [one.running for one in pool.statuses] == [1, 2]
    late = pool.stream(ask("hi"))
    begun.append(await begin(late))
    assert two.asked == (4, 2)
    for call in (*calls, late):
        await call.aclose()
    assert [one.running for one in pool.statuses] == [0, 0]
    assert len(begun) == 6
    await pool.aclose()


async def test_a_call_that_is_ended_is_given_to_nobody_else(two: Two) -> None:
    pool = two.pool(SILENT, HELLO)
    call = pool.stream(ask("hi"))
    reading = asyncio.create_task(read(call))
    await two.left.asked.wait()
    await call.aclose()
    assert await asyncio.wait_for(reading, 5) == ""
    await asyncio.wait_for(two.left.gone.wait(), 5)
    assert two.asked == (1, 0)
    late = pool.stream(ask("hi"))
    await late.aclose()
    assert await read(late) == ""
    assert two.asked == (1, 0)
    await pool.aclose()


async def test_a_server_that_is_taken_out_ends_what_it_has(two: Two) -> None:
    pool = two.pool(ENDLESS, HELLO)
    running = pool.stream(ask("hi"))
    words = await begin(running)
    drained = Drained(two._folder)
    drained.add(two.left.url)
    assert [await read(pool.stream(ask("hi"))) for _ in range(2)] == ["Hello"] * 2
    assert [(one.state, one.running) for one in pool.statuses] == [(State.DRAINING, 1), (State.LIVE, 0)]
    assert running.stage is Stage.ANSWERING
    drained.add(two.right.url)
    assert not pool.ready
    _, fault = await read_to_error(pool.stream(ask("hi")), LocalModelError)
    assert "is draining: `firstline servers` has taken it out." in fault.what
    drained.remove(two.right.url)
    assert await read(pool.stream(ask("hi"))) == "Hello"
    await running.aclose()
    assert [word.text async for word in words] == []
    await pool.aclose()


async def test_tokens_are_counted_by_what_servers_report(two: Two) -> None:
    pool = two.pool(events(piece("Hello."), piece(finish="stop"), usage(40, 2), DONE), HELLO)
    request = ask("hi there, how is it going")
    before = pool.count_tokens(request.messages)
    await read(pool.stream(request))
    assert (before, pool.count_tokens(request.messages)) == (rough_count(request.messages), 40)
    await pool.aclose()


async def test_shares_of_calls_that_run_together_add_up(two: Two) -> None:
    slow = events(*map(piece, "abcde"), piece(finish="stop"), DONE, wait_s=0.05)
    pool = two.pool(slow, HELLO, local_base_url=two.left.url)
    began = asyncio.get_running_loop().time()
    calls = [pool.stream(ask("hi")) for _ in range(3)]
    await asyncio.gather(*map(read, calls))
    passed = asyncio.get_running_loop().time() - began
    assert 0.3 < sum(call.compute_s for call in calls) <= passed
    assert all(abs(one.compute_s - other.compute_s) < 0.1 for one, other in pairwise(calls))
    await pool.aclose()


def test_nothing_is_asked_before_a_call_and_no_secret_is_shown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        url = f"http://ann:secret@127.0.0.1:{port}/v1"
        pool = Pool(make_settings(local_base_url=url, local_server_model="small", local_api_key=KEY))
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert pool.statuses[0].address == f"http://127.0.0.1:{port}/v1"
    for shown in map(repr, (pool.statuses, pool.members[0].server, pool.members[0].backend)):
        assert not {"secret", KEY} & set(shown.split())
        assert "secret" not in shown
        assert KEY not in shown

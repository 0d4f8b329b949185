from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chatapp.context import Exchange, Fitted, fit
from chatapp.context.budget import ELLIPSIS, FOLD_ABOVE, FOLD_TO
from chatapp.context.notes import Notes, remember
from chatapp.errors import MessageError
from language.english import ENGLISH
from tests.context.conftest import SYSTEM, Counted, builder, conversations, count, talk

BUDGETS = st.integers(40, 900)
MESSAGES = st.sampled_from(["Where is my parcel?", "word " * 30, "x" * 300])


def fitted_or_skip(message: str, summary: str, exchanges: tuple[Exchange, ...], budget: int) -> Fitted:
    assume(count(builder(message)("", ())) <= budget)
    return fit(builder(message), summary, exchanges, count, budget, ENGLISH)


@given(MESSAGES, conversations(), conversations(4), BUDGETS)
def test_invariants(message: str, exchanges: tuple[Exchange, ...], before: tuple[Exchange, ...], budget: int) -> None:
    summary = remember("", before, count, budget, ENGLISH)
    fitted = fitted_or_skip(message, summary, exchanges, budget)
    assert fitted.prompt_tokens == count(fitted.messages) <= budget
    assert fitted.messages[0] == SYSTEM
    assert fitted.messages[-1].content == message
    assert fitted.messages == tuple(builder(message)(fitted.summary, fitted.kept))
    kept = len(fitted.kept)
    latest = exchanges[len(exchanges) - kept :]
    assert [each.turn_id for each in fitted.kept] == [each.turn_id for each in latest]
    assert fitted.left == exchanges[: len(fitted.left)]
    assert len(fitted.left) + kept >= len(exchanges)
    for ours, theirs in zip(fitted.kept, latest, strict=True):
        for text, whole in ((ours.user, theirs.user), (ours.assistant, theirs.assistant)):
            assert text == whole or (kept <= 2 and ELLIPSIS in text)


@given(MESSAGES, conversations(), BUDGETS)
def test_what_was_fitted_fits_as_it_is(message: str, exchanges: tuple[Exchange, ...], budget: int) -> None:
    once = fitted_or_skip(message, "", exchanges, budget)
    twice = fit(builder(message), once.summary, once.kept, count, budget, ENGLISH)
    assert (twice.messages, twice.kept, twice.summary) == (once.messages, once.kept, once.summary)


@given(conversations(40), BUDGETS)
def test_the_mark_below_which_nothing_is_folded(exchanges: tuple[Exchange, ...], budget: int) -> None:
    fitted = fitted_or_skip("Hello", "", exchanges, budget)
    if fitted.kept == exchanges and fitted.prompt_tokens <= FOLD_ABOVE * budget:
        assert fitted.left == ()
        return
    after = exchanges[len(fitted.left) :]
    summary = remember("", fitted.left, count, budget, ENGLISH)
    assert len(after) <= 2 or count(builder("Hello")(summary, after)) <= FOLD_TO * budget


def test_the_prompt_only_grows_between_folds() -> None:
    summary, history, folds, previous = "", (), [], ()
    for exchange in talk(100):
        fitted = fit(builder(exchange.user), summary, history, count, 512, ENGLISH)
        assert fitted.kept == history, "folding comes in time, so that nothing is pruned"
        if previous:
            assert fitted.messages[: len(previous) - 1] == previous[:-1]
        previous, history = fitted.messages, (*history, exchange)
        if fitted.left:
            summary = remember(summary, fitted.left, count, 512, ENGLISH)
            history, previous = history[len(fitted.left) :], ()
            folds.append(exchange.turn_id)
    gaps = [later - earlier for earlier, later in pairwise(folds)]
    assert min(gaps) >= 4


def test_a_long_history_costs_few_counts(counted: Counted) -> None:
    fit(builder("Hello"), "", talk(3), counted, 512, ENGLISH)
    assert counted.calls == 1
    fit(builder("Hello"), "", talk(1000), counted, 512, ENGLISH)
    assert counted.calls < 250


def test_what_leaves_is_remembered_in_the_same_prompt() -> None:
    named = Exchange(0, "My name is Ada Lindqvist.", "Hello!")
    fitted = fit(builder("What is my name?"), "", (named, *talk(60)), count, 400, ENGLISH)
    assert named in fitted.left
    assert named not in fitted.kept
    assert any("Ada Lindqvist" in each.content for each in fitted.messages)


def test_latest_exchanges_are_shortened_before_they_leave() -> None:
    long = Exchange(1, "Where is it?", "start " + "word " * 500 + "end")
    fitted = fit(builder("And now?"), "", (long,), count, 200, ENGLISH)
    (kept,) = fitted.kept
    assert kept.user == "Where is it?"
    assert kept.assistant.startswith("start")
    assert kept.assistant.endswith("end")
    assert ELLIPSIS in kept.assistant
    assert fitted.prompt_tokens > 150, "no shorter than it must be"


def test_the_summary_leaves_last() -> None:
    summary = Notes(said=("I want " + "many things " * 10,)).text
    message = "word " * 50
    budget = count(builder(message)("", ())) + 3
    fitted = fit(builder(message), summary, talk(3), count, budget, ENGLISH)
    assert (fitted.summary, fitted.kept) == ("", ())
    assert fitted.left == talk(3)


def test_the_summary_stays_where_only_the_history_cannot() -> None:
    message, long = "word " * 50, Exchange(1, "Where is it? " * 8, "word " * 100)
    budget = count(builder(message)("", ())) + 30
    fitted = fit(builder(message), Notes("Ada").text, (long,), count, budget, ENGLISH)
    assert (Notes.parse(fitted.summary).name, fitted.kept) == ("Ada", ())


def test_a_message_that_cannot_fit_says_by_how_much() -> None:
    message = "word " * 400
    with pytest.raises(
        MessageError,
        match=r"^This message is too long .* \d+ tokens, where 200 fit.* about [\d,]+ characters shorter",
    ) as error:
        fit(builder(message), "", talk(3), count, 200, ENGLISH)
    too_many = int(error.value.hint.split("about ")[1].split()[0].replace(",", ""))
    assert 0 < too_many < len(message)
    fit(builder(message[:-too_many]), "", talk(3), count, 200, ENGLISH)

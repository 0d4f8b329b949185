"""A message that asks for an act is told from one that asks about it."""

import pytest

from language.english import ENGLISH


@pytest.mark.parametrize(
    "text",
    [
        "cancel order 4417 now",
        "Please cancel my order",
        "hi, can you change my address to 5 Mill Lane",
        "I want it cancelled",
        "Good morning. Take me off your list, please.",
        "could somebody ring me back",
        "I need my money refunded today",
        "pls unlock my account",
        "I expect you to refund my card",
        "Wrong size again!! just send me another one",
        "the tent is broken. Do it now.",
        "so track my parcel",
    ],
)
def test_an_act(text: str) -> None:
    assert ENGLISH.acts.asks.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "how do i cancel my order",
        "can i change my address",
        "can you deliver to Norway",
        "do you take back boots",
        "where is my refund",
        "what happens if I cancel my order",
        "how long until you refund me",
        "is it possible to change the order",
        "when will you send it",
        "how can you take my money",
        "can you recommend a tent",
        "add to basket button does not work",
        "i changed my address yesterday",
        "call centre hours?",
    ],
)
def test_a_question_about_one(text: str) -> None:
    assert not ENGLISH.acts.asks.search(text)

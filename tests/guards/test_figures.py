"""Figures that a customer would hold us to are found where nothing approved and nothing said bears them out."""

import time

import pytest

from chatapp.guards.figures import unbacked_figures
from language import Language
from language.english import ENGLISH

FACTS = [
    "You have 60 days from delivery to send goods back. Returning costs EUR 4.90, or 5 % of the price.",
    "Orders arrive within 2-3 working days. We are open from 9:00 until 18:00. Call 0800 555 0142 or help@example.com.",
    "I bought it for 500 euros on 5 May.",
]


@pytest.mark.parametrize(
    "answer",
    [
        "You have 60 days.",
        "You have sixty days, and it costs 4,90 €.",
        "It costs 4.90 EUR, which is five percent.",
        "It arrives within 3 working days.",
        "It takes 2 to 3 working days.",
        "Call 0800 555 0142, or 0800-555-0142, or write to Help@Example.com, until 18:00.",
        "You paid 500 EUR on May 5.",
        "The tent weighs 2.4 kg and sleeps 3 people. There are 4 poles.",
        "1. Open the box.\n2. Take out the 12 pegs.",
        "17 x 23 is 391. The code is B-4711.",
        "Your order is 48123377, and the check 11111111111111 or 000000000000000042.",
        "Run this:\n```python\nsleep(20)  # 20 minutes, 500 EUR, 0000000000\n```",
        "From 2026-11-01 on.",
        "",
    ],
)
def test_what_is_known_or_binds_nobody_passes(answer: str) -> None:
    assert unbacked_figures(answer, FACTS, ENGLISH) == []


@pytest.mark.parametrize(
    ("answer", "strange"),
    [
        ("Every complaint is settled with a voucher of 250 EUR.", ["250 EUR"]),
        ("You have 90 days, and 60 days for shoes.", ["90 days"]),
        ("We give you 20% off, and another 20% off.", ["20%"]),
        ("It arrives within 24 hours, on 7 June.", ["24 hours", "7"]),
        ("We are open until 20:00.", ["20:00"]),
        ("Call +44 20 7946 0991 or write to refunds@shop.example.", ["+44 20 7946 0991", "refunds@shop.example"]),
        ("It takes 4 to 6 working days.", ["4 to 6 working days"]),
        ("You get $1,000.", ["$1,000"]),
    ],
)
def test_what_nothing_bears_out_is_named_as_it_stands(answer: str, strange: list[str]) -> None:
    assert unbacked_figures(answer, FACTS, ENGLISH) == strange


@pytest.mark.parametrize("language", [ENGLISH, None])
def test_a_telephone_number_that_is_known_in_plain_digits_may_be_written_in_groups(language: Language | None) -> None:
    assert unbacked_figures("Call 800-555-0199.", ["Our number: 8005550199."], language) == []


@pytest.mark.parametrize("long", ["a" * 30_000, "a." * 15_000, "1" * 30_000])
def test_a_word_without_an_end_holds_nobody_up(long: str) -> None:
    began = time.process_time()
    assert unbacked_figures(long, [long], ENGLISH) == []
    assert time.process_time() - began < 2  # it was over ten

"""What is likely personal is found and masked; what only looks like it is left alone."""

import json
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finetune.privacy import Kind, contacts, find, mask, pack_contacts
from router.pack import load_pack


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to Jo.Marsh+x@post.co.uk.", "write to [e-mail]."),
        ("jo (at) post.example or jo@a-b.example", "[e-mail] or [e-mail]"),
        ("call 0171 234 5678 or +49 (0)30 1234567", "call [phone] or [phone]"),
        ("(020) 7946 0958, 06.12.23.45.67", "[phone], [phone]"),
        ("555-123-4567 is my mobile", "[phone] is my mobile"),
        ("to DE89 3704 0044 0532 0130 00 please", "to [iban] please"),
        ("gb82west12345698765432", "[iban]"),
        ("card 4111 1111 1111 1111.", "card [card]."),
        ("card 4111-1111-1111-1112", "card [number]"),
        ("order 123456789", "order [number]"),
        ("see https://ann:secret@shop.example/x now", "see [link] now"),
        ("my name is Sofia Lindgren and I wait", "my name is [name] and I wait"),
        ("My name's ann lee, where is it", "My name's [name], where is it"),
        ("i'm called Dr. Jo Marsh", "i'm called [name]"),
        ("This is Bob Hope speaking", "This is [name] speaking"),
        ("my name is Müller-O'Brien. ok", "my name is [name]. ok"),
        ("my surname is Ann", "my surname is [name]"),
        ("My name is Ann\nThanks", "My name is [name]\nThanks"),
        ("my name is ann and my number 0171 2345678", "my name is [name] and my number [phone]"),
    ],
)
def test_found_and_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "back within 60 days for 1.095,00 EUR",
        "since 2026-11-26, or 01.12.2026 - 05.12.2026, or 06/12/25",
        "sizes EU 42.5, 38 39 40 41 42 and 0.5 1.5 2.5",
        "open 08:00-18:00 and 09.30-17.45",
        "order 12345678 of 2025",
        "12,345,678,901 or 1234567.890123 m",
        "my name is spelt wrong on the parcel",
        "My name is not on the list, my name's missing",
        "this is not what I am called for",
        "this is the third time",
        "@tarn and a@b",
        "https://shop.example:8080/a@b",
        "DE89 3704 0044",
        "",
    ],
)
def test_left_alone(text: str) -> None:
    assert find(text) == ()
    assert mask(text) == text


def test_a_finding_says_where() -> None:
    (mail, phone) = find("a@b.example, 0171 2345678")
    assert (mail.kind, mail.start, mail.end) == (Kind.EMAIL, 0, 11)
    assert (phone.kind, phone.start, phone.end) == (Kind.PHONE, 13, 25)


def test_a_deployments_own_contacts_are_nobodys() -> None:
    known = contacts(["Call 0800 555 0142 or write to Help@tarnandtor.example"])
    own = "help@tarnandtor.example said 08005550142, or +44 800 555 0142"
    assert mask(own, known) == own
    assert mask(f"{own}, 0171 234 5678", known) == f"{own}, [phone]"
    assert "[e-mail]" in mask(own)


def test_a_helper_may_say_its_own_name() -> None:
    known = pack_contacts(load_pack("packs/pip"))
    assert mask("My name is Pip. My name is Ann.", known) == "My name is Pip. My name is [name]."


def test_the_shipped_training_data_hold_nothing_personal() -> None:
    known = pack_contacts(load_pack("packs/support"))
    assert {"help@tarnandtor.example", "005550142"} < known
    found = []
    for path in Path("packs/support/train").glob("*.jsonl"):
        rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        for turn in (turn for row in rows for turn in row["turns"]):
            public = known | contacts([turn.get("text", "")])  # a passage may give out its owner's number
            found += [text for text in (turn["question"], turn["answer"] or "") if find(text, public)]
    assert found == []


_MIXED = """
a@b.example 0171 234 5678 4111111111111111 DE89370400440532013000 +49 30 1 my name is Ann lee this speaking https://u:p@h
. , - / ( ) [ ] @ : [phone] [name] [e-mail] :// 2026-11-26 12 (at) [dot] x
"""
PIECES = st.sampled_from([*_MIXED.split(), "\n"])
texts = st.lists(PIECES, max_size=12).flatmap(
    lambda parts: st.lists(st.sampled_from(["", " "]), min_size=len(parts), max_size=len(parts)).map(
        lambda gaps: "".join(part + gap for part, gap in zip(parts, gaps, strict=True))
    )
)
KNOWN = contacts(["0171 234 5678, a@b.example"])


@settings(deadline=None)
@given(texts | st.text(max_size=80), st.sampled_from([frozenset(), KNOWN]))
@example("a://[phone]:b@c d", frozenset())
@example("my name is [name] Ann 0171 234 5678", frozenset())
def test_masking_is_thorough_and_says_itself_again(text: str, known: frozenset[str]) -> None:
    once = mask(text, known)
    assert find(once, known) == ()
    assert mask(once, known) == once
    if not find(text, known):
        assert once == text


@given(texts)
def test_findings_are_in_order_and_do_not_overlap(text: str) -> None:
    ends = [(one.start, one.end) for one in find(text)]
    assert all(start < end <= len(text) for start, end in ends)
    assert all(end <= start for (_, end), (start, _) in pairwise(ends))


@pytest.mark.parametrize("piece", ["1 ", "a.", "(0", "my name is a ", "a@", "DE89 ", "://", "0 ", "this is a "])
def test_long_texts_take_no_long_time(piece: str) -> None:
    began = perf_counter()
    find(piece * 5_000)
    assert perf_counter() - began < 5

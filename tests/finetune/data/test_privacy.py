"""What is likely personal is found and masked; what only looks like it is left alone."""

import json
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finetune.data.privacy import Kind, contacts, find, mask, names_in, pack_contacts
from language.english import ENGLISH
from router.pack.load import load_pack


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
    assert mask(text, ENGLISH) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("My name is Will Smith", "My name is [name]"),
        ("My name is An Nguyen", "My name is [name]"),
        ("My name is Will and I wait", "My name is [name] and I wait"),
        ("MY NAME IS ANN LEE AND I WAIT", "MY NAME IS [name] AND I WAIT"),
        ('My name is "John Smith", ok', 'My name is "[name]", ok'),
        ("My name is 'John'", "My name is '[name]'"),
        ("My name is “John Smith”", "My name is “[name]”"),
        ("My name is:\nJohn\nThanks", "My name is:\n[name]\nThanks"),
        ("My name is\tJohn", "My name is\t[name]"),
        ("My name is\u00a0John\u00a0Smith", "My name is\u00a0[name]"),
        ("My name is Ludwig van Beethoven", "My name is [name]"),
        ("my name is ludwig van beethoven", "my name is [name]"),
        ("My name is van Gogh", "My name is [name]"),
        ("My name is Luca d'Angelo and", "My name is [name] and"),
        ("My name is Maria del Carmen Lopez", "My name is [name]"),
        ("My name is Anna Maria Luisa Smith", "My name is [name]"),
        ("My name is John R. R. Smith", "My name is [name]"),
        ("My name is J. R. Smith", "My name is [name]"),
        ("My name is J.R.R. Tolkien. Thanks", "My name is [name]. Thanks"),
        ("My name is Prof. Anne\u2011Marie Smith", "My name is [name]"),
        ("My name is Ann I'm here", "My name is [name] I'm here"),
        ("my name is actually Bo", "my name is actually [name]"),
        ("my name is ann lee ordered yesterday", "my name is [name] yesterday"),
        ("This is Ludwig van Beethoven speaking", "This is [name] speaking"),
        ("It's Bob Speaking", "It's [name] Speaking"),
    ],
)
def test_an_introduced_name_is_masked_as_a_whole(text: str, masked: str) -> None:
    assert mask(text, ENGLISH) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("order TT-48213377, TT48213377", "order [number], [number]"),
        ("tt48213377 or TT 48213377", "[number] or [number]"),
        ("TEL 01712345678", "TEL [phone]"),
        ("612 345 678", "[phone]"),
        ("98765 43210", "[phone]"),
        ("+44\u00a07700\u00a0900123", "[phone]"),
        ("0171\u20112345678", "[phone]"),
        ("0171\u20132345678, 0171.234.5678", "[phone], [phone]"),
        ("4111\u00a01111\u00a01111\u00a01111", "[card]"),
        ("4111\u202f1111\u202f1111\u202f1111", "[card]"),
        ("4111\u20131111\u20131111\u20131111", "[card]"),
        ("4111.1111.1111.1111 or 3782.822463.10005", "[card] or [card]"),
        ("4111.1111.1111.1112", "[number]"),
        ("DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000", "[iban]"),
        ("DE89.3704.0044.0532.0130.00 and on", "[iban] and on"),
        ("TT\u201148213377", "[number]"),
        ("3782 822463 10005 04/28", "[card] 04/28"),
        ("3782 822463 10005 123", "[card] 123"),
        ("4111 1111 1111 1111 123", "[card] 123"),
        ("41 11 11 11 11 11 11 11", "[card]"),
        ("٤١١١ ١١١١ ١١١١ ١١١١", "[card]"),
        ("XX25 1234 5678 9012 3456 7", "[iban]"),
        ("on 01/02/2024 07700 900123", "on 01/02/2024 [phone]"),
        ("2024-02-01 4111 1111 1111 1111", "2024-02-01 [card]"),
        ("0800 555 0142 07700 900123", "[phone] [phone]"),
        ("0800 555 0142/07700 900123", "[phone]/[phone]"),
        ("0800 555 0142 612 345 678 98765 43210", "[phone] [phone] [phone]"),
    ],
)
def test_numbers_are_masked_however_they_are_written(text: str, masked: str) -> None:
    assert mask(text, ENGLISH) == masked


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
        "it's nice to hear you speaking",
        "MY NAME IS SPELT WRONG ON THE PARCEL",
        "my name is 'missing' in the e-mail",
        "Is 44710925 yours? It came on 20240718",
        "Open 08:00\u201318:00, Sat 0900\u20131300, Sun 9.30 \u2013 17.45",
        "169\u2013259 EUR, 1.095,00 EUR, 100000.50 EUR and 60000\u201380000",
        "sizes 36 37 38 39 40 41 42 43 44 45, EU 42.5\u201344 and S\u2013XL",
        "fill power 600 700 800 or 650 750 850",
        "Cairn 65, Fell Low EU 41, EN 417, EN ISO 23537, SPF 50 and Drift -10",
        "01.12.\u201305.12.2026, 01\u201305.12.2026, 01.12.2026\u201305.12.2026, 01.12.\u201305.12., 2026\u20132027",
        "@tarn and a@b",
        "https://shop.example:8080/a@b",
        "DE89 3704 0044",
        "",
    ],
)
def test_left_alone(text: str) -> None:
    assert find(text, ENGLISH) == ()
    assert mask(text, ENGLISH) == text


def test_a_finding_says_where() -> None:
    (mail, phone) = find("a@b.example, 0171 2345678", ENGLISH)
    assert (mail.kind, mail.start, mail.end) == (Kind.EMAIL, 0, 11)
    assert (phone.kind, phone.start, phone.end) == (Kind.PHONE, 13, 25)


def test_a_deployments_own_contacts_are_nobodys() -> None:
    known = contacts(["Call 0800 555 0142 or write to Help@tarnandtor.example"], ENGLISH)
    own = "help@tarnandtor.example said 08005550142, or +44 800 555 0142"
    assert mask(own, ENGLISH, known) == own
    assert mask(f"{own}, 0171 234 5678", ENGLISH, known) == f"{own}, [phone]"
    assert "[e-mail]" in mask(own, ENGLISH)


def test_a_helper_may_say_its_own_name() -> None:
    known = pack_contacts(load_pack("packs/pip"))
    assert mask("My name is Pip. My name is Ann.", ENGLISH, known) == "My name is Pip. My name is [name]."


@pytest.mark.parametrize(
    ("introduction", "text", "masked"),
    [
        ("my name is Ann", "Dear Ann, ANN's parcel, ann", "Dear [name], [name]'s parcel, [name]"),
        ("my name is Ann", "Anna can announce it", "Anna can announce it"),
        ("my name is ann lee", "Dear Ann, dear Ms Lee of ann lee", "Dear [name], dear Ms [name] of [name]"),
        ("my name is Will", "Dear Will, it will arrive", "Dear [name], it will arrive"),
        ("My name is Dr. Jo van Dam", "Dear Dr. Dam, Van fees and jo", "Dear Dr. [name], Van fees and jo"),
        ("My name is Luca d'Angelo", "Mr d'Angelo", "Mr [name]"),
        ("My name is Lee", "lee@lee.example", "[e-mail]"),
        ("My name is J", "J or j", "J or j"),
        ("My name is Mail", "[e-mail] and mail", "[e-mail] and [name]"),
        ("My name is Pip", "Pip is mine", "Pip is mine"),
    ],
)
def test_a_name_introduced_elsewhere_is_masked(introduction: str, text: str, masked: str) -> None:
    known = frozenset({"pip"})
    assert mask(text, ENGLISH, known, names_in([introduction], ENGLISH, known)) == masked


MADE_UP = frozenset({"tt20418837", "tt30017264"})


def test_the_shipped_training_data_hold_nothing_personal() -> None:
    known = pack_contacts(load_pack("packs/support"))
    assert {"help@tarnandtor.example", "005550142"} < known
    found = []
    for path in Path("packs/support/train").glob("*.jsonl"):
        rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        for turn in (turn for row in rows for turn in row["turns"]):
            public = (
                known | MADE_UP | contacts([turn.get("text", "")], ENGLISH)
            )  # a passage may give out its owner's number
            found += [text for text in (turn["question"], turn["answer"] or "") if find(text, ENGLISH, public)]
    assert found == []


_MIXED = """
a@b.example 0171 234 5678 4111111111111111 DE89370400440532013000 +49 30 1 my name is Ann lee this speaking https://u:p@h
. , - / ( ) [ ] @ : [phone] [name] [e-mail] :// 2026-11-26 12 (at) [dot] x TT- 612 345 98765 R. van " \u2011 \u2013
"""
PIECES = st.sampled_from([*_MIXED.split(), "\n"])
texts = st.lists(PIECES, max_size=12).flatmap(
    lambda parts: st.lists(st.sampled_from(["", " "]), min_size=len(parts), max_size=len(parts)).map(
        lambda gaps: "".join(part + gap for part, gap in zip(parts, gaps, strict=True))
    )
)
KNOWN = contacts(["0171 234 5678, a@b.example"], ENGLISH)
NAMES = frozenset({"Ann lee", "x", "Name", "mail"})


@settings(deadline=None)
@given(texts | st.text(max_size=80), st.sampled_from([frozenset(), KNOWN]), st.sampled_from([frozenset(), NAMES]))
@example("a://[phone]:b@c d", frozenset(), frozenset())
@example("my name is [name] Ann 0171 234 5678", frozenset(), NAMES)
def test_masking_is_thorough_and_says_itself_again(text: str, known: frozenset[str], names: frozenset[str]) -> None:
    once = mask(text, ENGLISH, known, names)
    assert find(once, ENGLISH, known, names) == find(once, ENGLISH, known) == ()
    assert mask(once, ENGLISH, known, names) == once
    if not find(text, ENGLISH, known, names):
        assert once == text


@given(texts)
def test_findings_are_in_order_and_do_not_overlap(text: str) -> None:
    ends = [(one.start, one.end) for one in find(text, ENGLISH)]
    assert all(start < end <= len(text) for start, end in ends)
    assert all(end <= start for (_, end), (start, _) in pairwise(ends))


@pytest.mark.parametrize(
    "piece", ["1 ", "a.", "(0", "my name is a ", "a@", "DE89 ", "://", "0 ", "this is a ", "01.12.-", "Ann R. "]
)
def test_long_texts_take_no_long_time(piece: str) -> None:
    began = perf_counter()
    find(piece * 5_000, ENGLISH, names=NAMES)
    assert perf_counter() - began < 5

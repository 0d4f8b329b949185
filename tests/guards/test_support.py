"""What the approved text bears out passes; what it does not is never shown."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatapp.guards.support.support import SupportGuard
from language.english import ENGLISH

STANDARD = "Standard delivery within the country costs 4.90 EUR and takes 2-3 working days."
EXPRESS = (
    "Express costs 9.90 EUR and arrives the next working day if you order before 14:00 on a working day. "
    "It is available within the country only."
)
PICKUP = (
    "Pickup at our Ellerby, Marlow Cross or Stennhaven store is free. Your order is ready in 4 hours, we send you "
    "a message, and we keep it for 7 days."
)
REPAIR = (
    "Small repairs such as patches or zip sliders cost from 15 euros, a new zip from 35 and resoling 79. You get an "
    "estimate first, and most repairs take ten working days. Warranty cases are free."
)
LOCKER = (
    "We cannot deliver to PO boxes. Within the country you can choose a Swiftline parcel locker or parcel shop at "
    "checkout, for parcels up to 15 kg; it is held there for 5 days."
)
CANISTER = (
    "Fuel canisters cannot be returned at all, and underwear, insoles and food cannot be returned once opened. "
    "Everything else can come back within 60 days if unused with labels."
)
LAMP = (
    "The Lumo 200 uses three AAA batteries (rechargeable ones work too) and is splash-proof (IPX4). The Lumo 400 has "
    "a built-in battery charged by USB-C in 3 hours and is IPX7: 30 minutes in one metre of water."
)
BOOTS = (
    "Our boots come in EU 36-48 with half sizes from 37 to 46. Take your usual size in Fell Low and half a size "
    "larger in Fell Mid and Ridge Pro; your toes need about 1 cm of room."
)
SEARCH = "If nothing has changed for 3 working days, call 0800 555 0142 and we open a search with Swiftline."
LATE = "After 60 days we can no longer take goods back or exchange them."
PHONE = "Our phone line 0800 555 0142 is staffed Monday to Friday from 8:00 to 19:00."
SIMPLE = "Smaller parcels may be left in the safe place you name at checkout."
TEXTS = [STANDARD, EXPRESS, PICKUP, REPAIR, LOCKER, CANISTER, LAMP, BOOTS, SEARCH, LATE, PHONE, SIMPLE]
PACKS = Path(__file__).parents[2] / "packs"

BORNE_OUT = [
    (STANDARD, "Standard delivery costs 4.90 EUR."),
    (STANDARD, "Standard delivery costs 4,90 € and takes 2 to 3 business days."),
    (STANDARD, "Standard delivery costs EUR 4.90."),
    (STANDARD, "It takes 2–3 working days."),
    (STANDARD, "Standard delivery takes two to three working days."),
    (EXPRESS, "Express costs 9.90 EUR."),
    (EXPRESS, "It arrives the next working day if you order before 2 pm on a working day."),
    (EXPRESS, "Express is available within the country only."),
    (PICKUP, "We keep your order for 7 days."),
    (PICKUP, "Your order is ready in four hours."),
    (PICKUP, "Pickup is free at our store in Stennhaven."),
    (PICKUP, "Pickup at our Marlow Cross store is free."),
    (REPAIR, "Resoling costs 79."),
    (REPAIR, "Patches cost from 15 euros."),
    (REPAIR, "Warranty cases are free. Most repairs take 10 working days."),
    (LOCKER, "We can't deliver to PO boxes."),
    (LOCKER, "You can choose a parcel locker within the country, for parcels up to 15 kg."),
    (CANISTER, "Fuel canisters cannot be returned."),
    (CANISTER, "Everything else can come back within sixty days if it is unused with labels."),
    (LAMP, "The Lumo 400 is IPX7."),
    (LAMP, "The Lumo 200 uses three AAA batteries."),
    (BOOTS, "Take your usual size in Fell Low."),
    (LATE, "We can no longer exchange goods after 60 days."),
    (SIMPLE, "Your parcel may be left in the safe place."),
]

NOT_BORNE_OUT = [
    (STANDARD, "Standard delivery costs 9.90 EUR.", "9.90 eur"),
    (STANDARD, "Standard delivery costs 4.90 USD.", "4.90 usd"),
    (STANDARD, "Standard delivery costs from 4.90 EUR.", "from"),
    (STANDARD, "Standard delivery takes 2-3 days.", "2 - 3 days"),
    (STANDARD, "Standard delivery is free.", "free"),
    (STANDARD, "Standard delivery costs 4.90 EUR if you order today.", "order"),
    (STANDARD, "Standard delivery does not cost 4.90 EUR.", "not"),
    (STANDARD, "Delivery to Norway costs 4.90 EUR.", "norway"),
    (STANDARD, "Yes, standard delivery costs 4.90 EUR.", "yes"),
    (STANDARD, "I'm sorry for your loss.", "i"),
    (STANDARD, "Standard delivery costs 4.90 EUR and", "and"),
    (EXPRESS, "Express arrives the next working day.", "if"),
    (EXPRESS, "Express is available within the country.", "only"),
    (EXPRESS, "Express arrives the next working day if you order after 14:00 on a working day.", "after"),
    (EXPRESS, "Express arrives the next working day if you order on a working day.", "14:00"),
    (EXPRESS, "Express costs 14:00.", "14:00"),
    (PICKUP, "Your order is ready in 7 days.", "7 days"),
    (PICKUP, "We keep it for 4 hours.", "4 hours"),
    (PICKUP, "You keep it for 7 days.", "you"),
    (PICKUP, "Pickup at our Norway store is free.", "norway"),
    (REPAIR, "Resoling costs 15 euros.", "15 euros"),
    (REPAIR, "Patches cost from 35.", "35"),
    (REPAIR, "Patches cost 15 euros.", "15 euros"),
    (REPAIR, "A new zip costs 79.", "79"),
    (REPAIR, "Most repairs are free.", "free"),
    (LOCKER, "We deliver to PO boxes.", "cannot"),
    (LOCKER, "You can choose a parcel locker for parcels up to 5 kg.", "5 kg"),
    (LOCKER, "You can choose PO boxes.", "choose"),
    (CANISTER, "Fuel canisters can be returned.", "cannot"),
    (CANISTER, "Underwear, insoles and food can be returned.", "cannot"),
    (CANISTER, "Everything else can come back within 60 days.", "if"),
    (CANISTER, "Fuel canisters can come back within 60 days if unused with labels.", "fuel"),
    (LAMP, "The Lumo 200 is IPX7.", "ipx7"),
    (LAMP, "The Lumo 300 is IPX7.", "lumo 300"),
    (LAMP, "The Lumo 400 uses three AAA batteries.", "lumo 400"),
    (LAMP, "The Lumo 200 and Lumo 400 both have three AAA batteries.", "both"),
    (LAMP, "The Lumo 400 is charged in 30 minutes.", "30 minutes"),
    (BOOTS, "Take your usual size in Fell Mid and Ridge Pro.", "mid"),
    (SEARCH, "If nothing has changed, call 0800 555 0142 and we open a search with Swiftline.", "3 working days"),
    (LATE, "We take goods back after 60 days.", "no"),
    (LATE, "We can no longer take goods back.", "60 days"),
    (PHONE, "Your phone line is staffed Monday to Friday.", "your"),
    (SIMPLE, "Smaller parcels may be left in the garage.", "garage"),
]


def run(source: str, answer: str, question: str = "") -> tuple[str, SupportGuard]:
    guard = SupportGuard(source, question, language=ENGLISH)
    return guard.feed(answer) + guard.finish(), guard


@pytest.mark.parametrize(("source", "answer"), BORNE_OUT)
def test_what_the_source_says_passes(source: str, answer: str) -> None:
    shown, guard = run(source, answer, "where is my parcel")
    assert guard.verdict.ok, guard.verdict.why
    assert shown == answer


@pytest.mark.parametrize(("source", "answer", "word"), NOT_BORNE_OUT)
def test_what_the_source_does_not_say_is_held_back(source: str, answer: str, word: str) -> None:
    shown, guard = run(source, answer, "I live in Norway. Is express 9.90 free, and not slow?")
    assert not guard.verdict.ok
    assert guard.verdict.word == word
    assert guard.verdict.why
    assert word.rsplit(maxsplit=1)[-1] not in shown.lower()


def test_what_was_right_before_the_flaw_is_shown() -> None:
    shown, guard = run(EXPRESS, "Express costs 9.90 EUR. It is free. Express costs 9.90 EUR.")
    assert shown == "Express costs 9.90 EUR. "
    assert guard.verdict.word == "free"
    assert (guard.feed("Express costs 9.90 EUR. "), guard.finish()) == ("", "")


def test_a_sentence_said_again_is_held_back() -> None:
    shown, guard = run(EXPRESS, "Express costs 9.90 EUR. Express costs 9.90 EUR. Express costs 9.90 EUR.")
    assert shown == "Express costs 9.90 EUR. "
    assert "again" in guard.verdict.why


def test_words_pass_one_by_one_where_nothing_can_turn_them() -> None:
    guard = SupportGuard(SIMPLE, language=ENGLISH)
    assert guard.by_word
    assert guard.feed("Smaller parcels may ") == "Smaller parcels may "
    assert guard.feed("be left on the roof") == "be left on the "
    assert guard.feed(" ") == ""
    assert guard.verdict.word == "roof"


def test_sentences_pass_whole_where_a_later_word_may_turn_them() -> None:
    guard = SupportGuard(EXPRESS, language=ENGLISH)
    assert not guard.by_word
    assert guard.feed("Express costs 9.90 ") == ""
    assert guard.feed("EUR. ") == "Express costs 9.90 EUR. "


def test_a_stranger_trips_at_once() -> None:
    guard = SupportGuard(EXPRESS, language=ENGLISH)
    guard.feed("Express trains ")
    assert guard.verdict.word == "trains"


def test_several_sources_and_none() -> None:
    guard = SupportGuard([STANDARD, EXPRESS], language=ENGLISH)
    assert guard.feed("Standard delivery takes 2-3 working days. Express costs 9.90 EUR. ")
    assert guard.verdict.ok
    assert run("", "Hello there.")[1].verdict.word == "hello"
    assert run("", "")[1].verdict.ok
    assert run("", "...")[1].verdict.ok


def approved() -> list[str]:
    files = sorted(PACKS.glob("*/categories/*.toml"))
    return [fact["text"] for file in files for fact in tomllib.loads(file.read_text())["facts"]]


@pytest.mark.parametrize("text", approved() + TEXTS)
def test_every_approved_text_bears_itself_out(text: str) -> None:
    shown, guard = run(text, text)
    assert guard.verdict.ok, guard.verdict.why
    assert shown == text


WORDS = st.sampled_from([*" ".join(TEXTS).split(), "not", "9", "Norway", "free.", "\n", "sixty", "€", "can't"])
ANSWER = st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=60)
SOURCE = st.sampled_from(TEXTS) | st.text(max_size=60)


@given(SOURCE, ANSWER)
def test_released_is_a_prefix_of_what_was_fed(source: str, answer: str) -> None:
    shown, guard = run(source, answer)
    assert answer.startswith(shown)
    assert shown == answer or not guard.verdict.ok


@given(SOURCE, ANSWER, st.lists(st.integers(1, 7), max_size=90))
def test_the_cut_into_tokens_changes_nothing(source: str, answer: str, sizes: list[int]) -> None:
    whole, one = run(source, answer)
    other, shown, place = SupportGuard(source, language=ENGLISH), "", 0
    for size in [*sizes, len(answer)]:
        shown += other.feed(answer[place : place + size])
        place += size
    shown += other.finish()
    assert (shown, other.verdict) == (whole, one.verdict)


@given(st.sampled_from(TEXTS), st.data())
def test_a_foreign_word_or_number_is_never_shown(source: str, data: st.DataObject) -> None:
    words = source.split()
    place = data.draw(st.integers(0, len(words)))
    foreign = data.draw(st.sampled_from(["zebra", "777", "Norway", "refundable", "$13", "88.8 kg"]))
    shown, guard = run(source, " ".join([*words[:place], foreign, *words[place:]]))
    assert not guard.verdict.ok
    assert foreign not in shown


@given(st.sampled_from([EXPRESS, LOCKER, CANISTER, LATE]), st.data())
def test_a_dropped_negation_or_condition_is_never_shown(source: str, data: st.DataObject) -> None:
    marker = data.draw(st.sampled_from([word for word in ("cannot", "only", "if", "no") if f" {word}" in source]))
    broken = source.replace(f" {marker}", "", 1)
    shown, guard = run(source, broken)
    assert not guard.verdict.ok
    assert shown in source


@example("B{0 ")
@example("Drift/0 is warm")
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\t"), max_size=80))
def test_any_source_bears_itself_out(text: str) -> None:
    shown, guard = run(text, text)
    assert guard.verdict.ok, guard.verdict.why
    assert shown == text

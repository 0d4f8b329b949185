"""A made-up pack for golden scores, and the messages that are scored. Nothing of it is read from files."""

from collections.abc import Iterator
from pathlib import Path

from router.pack.dialogues import Dialogue, Said
from router.pack.labelled import Labelled
from router.pack.load import Pack
from router.types import Category, Fact

_NOUNS = {
    "bread": ("loaf", "baguette", "bagel", "sourdough"),
    "cakes": ("gateau", "brownie", "muffin", "cheesecake"),
    "drinks": ("espresso", "lemonade", "smoothie", "cappuccino"),
    "tables": ("terrace", "window seat", "back room", "corner table"),
}
_FACTS = {
    "bread.price": ("Bread costs 3 euros.", ("how much is the {}", "what does a {} cost", "price of one {}")),
    "bread.baked": ("We bake at 5 every morning.", ("when is the {} baked", "is the {} fresh", "baking time of a {}")),
    "cakes.order": ("Order cakes two days ahead.", ("how do I order a {}", "how early must I order the {}")),
    "cakes.nuts": ("All cakes may contain nuts.", ("does the {} contain nuts", "is a {} safe with an allergy")),
    "drinks.milk": ("Oat milk is free.", ("can I have the {} with oat milk", "is there a {} without dairy")),
    "drinks.refill": ("Refills cost one euro.", ("do you refill the {}", "what is a second {} for")),
    "tables.book": ("Book tables by phone.", ("can I reserve the {}", "how do I book a {} for four")),
    "tables.dogs": ("Dogs are welcome outside.", ("may my dog sit at the {}", "are pets allowed in the {}")),
}
_GREETED = ("hello, {}?", "{} please", "hi there {}", "quick one: {}", "{} today?")
_FOLLOW_UPS = ("and the {}?", "what about a {}", "the {} too", "does it go for the {}")
_OUT_OF_SCOPE = (
    "write a poem about winter",
    "what is the capital of france",
    "my landlord kept my deposit",
    "translate this letter into spanish",
    "who won the match on sunday",
    "draft a complaint to my bank",
)
_SIXTY_WORDS = (
    "We were in town with my parents last weekend and walked along the river for a while. It rained all morning and "
    "everybody was cold and hungry by then. My sister knew your place from a friend of hers. Does the gateau "
    "contain nuts? We loved the music as well and stayed until late in the afternoon with the dog."
)
_FORTY_WORDS = (
    "we come to town next week with my parents and my sister and would like to sit in the sun with our drinks and all "
    "of the bags, can I reserve the terrace, and do you refill the lemonade too?"
)
_TWENTY_WORDS = "and what would you say about the bagel then if we came to pick it up around noon next week"
PROBES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("how much is the loaf", ()),
    ("HOW MUCH does one   cheesecake cost?!", ()),
    ("when is the baugette baked", ()),
    ("is a chesekaek safe with an allergy", ()),
    ("price of the espresso with oat milk", ()),
    ("write a poem about the terrace", ()),
    ("who invented the muffin", ()),
    ("can I reserve the terrace, and is there a smoothie without dairy?", ()),
    ("do you refill the lemonade, and can you write a poem?", ()),
    ("and the bagel?", ("how much is the loaf",)),
    ("and for the back room?", ("thanks", "may my dog sit at the terrace", "great")),
    ("how early must I order the brownie", ("can I reserve the corner table",)),
    ("it is for four", ("how do I book a window seat for four", "and the terrace?")),
    (_SIXTY_WORDS, ()),
    (_FORTY_WORDS, ()),
    (_TWENTY_WORDS, ("how much is the loaf",)),
    ("thanks a lot", ("how much is the loaf",)),
    ("?!", ()),
)
"""Messages with the user's earlier ones. The long ones are as long as a limit of the reader is."""


def golden_pack() -> Pack:
    """Four categories of two facts, with enough labelled messages and dialogues for all that is learnt from them."""
    return Pack(
        name="golden",
        title="Golden",
        language="en",
        persona="Be brief.",
        contact="call us",
        starters=(),
        encoder="",
        categories=tuple(_category(key) for key in _NOUNS),
        out_of_scope=_OUT_OF_SCOPE,
        calibration=(*_labelled_facts(), *_labelled_others()),
        dialogues=tuple(_dialogues()),
        thresholds={},
        fact_threshold=None,
        folder=Path("golden"),
        content_hash="golden",
    )


def _category(key: str) -> Category:
    nouns = _NOUNS[key]
    facts = tuple(
        Fact(name, key, text, tuple(way.format(noun) for way in ways for noun in nouns[:2]))
        for name, (text, ways) in _FACTS.items()
        if _key(name) == key
    )
    examples = (*(f"tell me about the {noun}" for noun in nouns), f"a question about {key}")
    return Category(key, key.title(), f"On {key}.", examples, facts, tuple(f"who invented the {n}" for n in nouns[:3]))


def _labelled_facts() -> Iterator[Labelled]:
    for name, (_, ways) in _FACTS.items():
        for number, way in enumerate(ways):
            for noun in _NOUNS[_key(name)][2:]:
                for greeted in _GREETED[number % 2 :: 2]:
                    yield Labelled(greeted.format(way.format(noun)), _key(name), (name,))


def _labelled_others() -> Iterator[Labelled]:
    for key, nouns in _NOUNS.items():
        yield from (Labelled(f"where was the {noun} invented", key, ()) for noun in nouns)
    yield from (Labelled(greeted.format(text), None, ()) for greeted in _GREETED[:3] for text in _OUT_OF_SCOPE)


def _dialogues() -> Iterator[Dialogue]:
    """Two of each fact and noun, with a question, a follow-up on another noun, and a change of subject."""
    names = tuple(_FACTS)
    for number, (name, (_, ways)) in enumerate(_FACTS.items()):
        other = names[(number + 3) % len(names)]
        for turn, noun in enumerate(_NOUNS[_key(name)]):
            near = _NOUNS[_key(name)]
            changed = _FACTS[other][1][turn % 2].format(_NOUNS[_key(other)][turn])
            yield (
                _said(ways[turn % 2].format(noun), name),
                _said(_FOLLOW_UPS[turn].format(near[turn - 1]), name, needs_context=True),
                _said(changed, other),
                Said(Labelled("thanks a lot", None, ()), needs_context=False, closing=True),
            )
            yield (
                _said(changed, other),
                _said(f"hello again, {ways[0].format(noun)}", name),
                _said(_FOLLOW_UPS[turn].format(near[turn - 2]), name, needs_context=True),
            )


def _said(text: str, fact: str, needs_context: bool = False) -> Said:
    return Said(Labelled(text, _key(fact), (fact,)), needs_context, closing=False)


def _key(fact: str) -> str:
    return fact.split(".", maxsplit=1)[0]

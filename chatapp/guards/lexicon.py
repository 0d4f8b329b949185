"""The closed word classes of English that the support guard knows. Everything else is a content word."""

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that claim nothing. What is not here must stand in the approved text: quantifiers (all, both, any, every),
# duties (must, should), and limits (before, until) are left out on purpose.
FUNCTION = _words(
    "a an the this that these those it its itself they them their theirs he she his her him who whom whose which "
    "what where why how there here you your yours yourself we us our ours of to in on at by for with as about into "
    "onto and or but so then than also too is are was were be been being am 's 're 'll 've 'd has have had having "
    "do does did doing done can could will would may might shall please just e.g i.e etc via if when"
)

# The answer of a clause with one of these must be one too, and the other way round.
_MARKERS = {
    "negation": "not no never none nor neither cannot without nobody nothing nowhere unable impossible n't cant "
    "dont doesnt wont isnt arent couldnt wouldnt didnt hasnt havent non yet hardly",
    "restriction": "only solely exclusively except excluding apart unless besides",
    "condition": "if when whenever unless provided otherwise",
    "duty": "must should need needs needed required mandatory",
    "yes": "yes yeah yep sure certainly absolutely definitely course",
}
MARKER: Mapping[str, frozenset[str]] = {
    word: frozenset(kind for kind, words in _MARKERS.items() if word in words.split())
    for words in _MARKERS.values()
    for word in words.split()
}

# A clause that begins with one of these belongs to its neighbour.
SUBORDINATE = _words("if when whenever unless once until after before provided except without")
CONJUNCTION = _words("and or but so then")
PRONOUN = _words("it its they them their this these those one ones which that")

# Verbs that are seldom nouns: they tell a clause from an item of a list.
VERB = _words(
    "is are was were be been has have had can cannot could will would may might must shall should do does did cost "
    "take arrive come go keep send get need use fit weigh hold include expire show leave apply pay choose deliver "
    "travel appear earn add remove enter reset wait find bring buy accept replace receive register become "
    "stay begin belong contain require carry give make let see say open close charge run revive"
)

# A limit next to a number is part of the number.
LIMIT: Mapping[str, str] = {
    word: kind
    for kind, words in {
        "within": "within in",
        "least": "from least minimum starting",
        "over": "over above exceeding beyond",
        "under": "under below",
        "until": "until till",
        "most": "maximum most",
        "before": "before",
        "after": "after",
        "per": "per every each",
        "about": "about around approximately roughly nearly almost",
    }.items()
    for word in words.split()
}
LIMIT_PAIRS: Mapping[tuple[str, str], str] = {
    ("up", "to"): "most",
    ("at", "least"): "least",
    ("at", "most"): "most",
    ("more", "than"): "over",
    ("less", "than"): "under",
    ("fewer", "than"): "under",
    ("no", "later"): "until",
}

# Words for the thing bought: harmless in an answer when the customer used them.
GENERIC = _words("order parcel package item thing product article purchase")

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER: Mapping[str, int] = {
    **{word: 10 * tens for tens, word in enumerate(_TENS.split(), 1)},
    **{word: value for value, word in enumerate(_ONES.split())},
}

# unit -> (dimension, its spellings)
_UNITS: Mapping[str, tuple[str, str]] = {
    "EUR": ("money", "€ eur euro euros"),
    "USD": ("money", "$ usd dollar dollars"),
    "GBP": ("money", "£ gbp pound pounds quid"),
    "%": ("share", "% percent"),
    "minute": ("time", "minute minutes min mins"),
    "hour": ("time", "hour hours hr hrs h"),
    "day": ("time", "day days"),
    "working day": ("time", "working-day working-days"),
    "week": ("time", "week weeks"),
    "month": ("time", "month months"),
    "year": ("time", "year years"),
    "kg": ("weight", "kg kilo kilos kilogram kilograms"),
    "g": ("weight", "g gram grams"),
    "litre": ("volume", "l litre litres liter liters"),
    "mm": ("length", "mm millimetre millimetres"),
    "cm": ("length", "cm centimetre centimetres"),
    "m": ("length", "m metre metres meter meters"),
    "km": ("length", "km kilometre kilometres"),
    "C": ("heat", "c °c celsius degree degrees °"),
    "lumen": ("light", "lumen lumens lm"),
    "point": ("points", "point points trailpoint trailpoints"),
    "person": ("people", "person persons people"),
}
UNIT: Mapping[str, str] = {word: unit for unit, (_, words) in _UNITS.items() for word in words.split()}
DIMENSION: Mapping[str, str] = {unit: dimension for unit, (dimension, _) in _UNITS.items()}

# Words that are part of a number and are judged with it.
QUANTITY_WORDS = frozenset({*UNIT, *NUMBER, "working", "business", "am", "pm", "per", "cent"})

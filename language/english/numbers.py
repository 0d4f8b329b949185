"""Numbers, units, limits and months of English."""

from collections.abc import Mapping

from language.english.words import words
from language.protocol import NumberWords

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety"

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

_LIMITS = {
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
}

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

NUMBERS = NumberWords(
    values={
        **{word: 10 * tens for tens, word in enumerate(_TENS.split(), 1)},
        **{word: value for value, word in enumerate(_ONES.split())},
    },
    uncounted=words("hundred thousand half once twice"),
    ambiguous=words("one"),
    units={word: unit for unit, (_, spellings) in _UNITS.items() for word in spellings.split()},
    unit_pairs={
        **{(one, other): "working day" for one in ("working", "business") for other in ("day", "days")},
        ("per", "cent"): "%",
    },
    dimensions={unit: dimension for unit, (dimension, _) in _UNITS.items()},
    limits={word: kind for kind, written in _LIMITS.items() for word in written.split()},
    limit_pairs={
        ("up", "to"): "most",
        ("at", "least"): "least",
        ("at", "most"): "most",
        ("more", "than"): "over",
        ("less", "than"): "under",
        ("fewer", "than"): "under",
        ("no", "later"): "until",
    },
    limit_pairs_after={("or", "more"): "least", ("or", "over"): "least", ("or", "less"): "most"},
    passed_over=words("the a of next first last"),
    halves={"am": 0, "pm": 12},
    range_words=words("to"),
    months=frozenset({*MONTHS, *(month[:3] for month in MONTHS), "sept"}),
)

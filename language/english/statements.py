"""What an English-speaking customer states of their own."""

import re

from language.english.numbers import DAYS, MONTHS
from language.english.words import NEGATED
from language.protocol import StatementForms

_DAY, _MONTH = f"(?:{'|'.join(DAYS)})", f"(?:{'|'.join(MONTHS)})"
_VERB = (
    r"prefer|have|had|want|need|like|love|own|use|bought|ordered|received|returned|paid|wear|plan|hate|lost|"
    rf"would like|would rather|am|was|do not|did not|never|always|weigh|measure|{'|'.join(sorted(NEGATED))}"
)

STATEMENTS = StatementForms(
    kinds={
        "order": re.compile(r"(?i:\border\b[^\d.!?]{0,20}#?\d{3,})"),
        "home": re.compile(r"(?i)\b(?:I live|I'm (?:in|from|based)|I am (?:in|from|based)|my address)\b"),
        "size": re.compile(r"(?i)\bsizes?\s+\w+|\b(?:EU|UK|US)\s?\d{1,2}\b"),
        "date": re.compile(rf"(?i)\b(?:\d{{1,2}}\.? )?{_MONTH} \d{{1,2}}|\b\d{{1,2}}\.? {_MONTH}\b|\b{_DAY}\b"),
        "wish": re.compile(rf"(?i)\b(?:I|we)(?:'ve|'d| (?:{_VERB}))\b|\b(?:I'm|we're)\b"),
        "own": re.compile(r"(?i)\b(?:my|our) [\w' -]{1,40}\b(?:is|are|was|has|have)\b"),
        "product": re.compile(r"(?<=[a-z,] )[A-Z]\w+ (?:-?\d+|[A-Z]\w+)"),
    },
    corrects=re.compile(r"(?i)^(?:no\b|actually\b|sorry\b|correction\b|I meant\b|wait\b|oh\b)|\bnot\b.*\bbut\b"),
    asks_name=re.compile(
        r"(?i)\b(?:what|what's|remember|recall|know|tell|say|forget|forgot|forgotten)\b[^.?!]*\bmy name\b"
        r"|\bwho (?:am I|I am)\b|\bwhat am I called\b"
    ),
)

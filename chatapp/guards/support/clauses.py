"""A text taken apart as far as the support guard needs it: sentences, clauses, and what each of them claims."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from chatapp.guards.support.lexicon import Lexicon
from chatapp.guards.support.quantity import Quantity, quantities
from language.contacts import EMAIL

SENTENCE_END = re.compile(r"[.!?][\"')\]]*(?=\s)|\n")
_TOKEN = re.compile(
    EMAIL + r"|\d{3,}(?: \d{3,})+"  # a telephone number
    r"|(?<![^\s(\"'])-\d+(?:[.,:]\d+)*|\d+(?:[.,:]\d+)*"  # -10, 4.90, 1,000, 14:00
    r"|[^\W\d_][^\W_]*(?:['’-][^\W_]+)*"  # words, IPX7, e-mail, don't
    r"|[€$£%°]|[,;:()–—-]"
)
_WHOLE = re.compile(r"-?\d+")
_BREAKS = frozenset(",;:()—")
_HARD = frozenset(";:()—")


@dataclass(frozen=True, slots=True)
class Clause:
    """One claim of a sentence.

    `content` maps stems to the words as they stand; `markers` are the kinds of the language's marking words;
    `roles` are "we" and "you" in their order. `verbs` are stems, `subject` the stems before the first verb. `open` says
    that it has no subject of its own: it begins with a verb, or refers by a `pronoun`.
    """

    content: dict[str, str]
    quantities: tuple[Quantity, ...]
    markers: dict[str, str]
    roles: tuple[str, ...]
    verbs: frozenset[str]
    subject: frozenset[str]
    open: bool
    pronoun: bool

    @property
    def stems(self) -> frozenset[str]:
        """The content words, by stem."""
        return frozenset(self.content)


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands between two commas or conjunctions: `elements` are (key, word) of its content, in order.

    The key of a word is its stem, that of a number its value, unit and limit.
    """

    elements: tuple[tuple[str, str], ...]
    verbs: frozenset[str]
    open: bool


@dataclass(frozen=True)
class Sentence:
    """A sentence as lower-case tokens."""

    text: str
    lexicon: Lexicon = field(repr=False)
    tokens: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tokens", tuple(_tokens(self.text, self.lexicon)))

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """All of the sentence's quantities."""
        return tuple(quantities(self.tokens, self.lexicon))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its tokens without punctuation: two sentences with the same words say the same."""
        return tuple(word for word in self.tokens if word not in _BREAKS and word not in "-–")

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        """Its claims, in order; a list or a subordinate clause stays with the claim that it belongs to."""
        pieces, breaks = self._cut
        return tuple(self._clause(part) for part in _joined(self, pieces, breaks))

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The sentence cut at every comma and conjunction."""
        return tuple(self._piece(places) for places in self._cut[0])

    @cached_property
    def _cut(self) -> tuple[list[list[int]], list[str]]:
        return _pieces(self.tokens, self.counted, self.lexicon.language.claims.conjunctions)

    @cached_property
    def counted(self) -> dict[int, Quantity]:
        """By place, the quantity that the token there is part of."""
        return {place: q for q in self.quantities for place in range(q.first, q.last + 1)}

    @cached_property
    def stems(self) -> frozenset[str]:
        """The content words of all clauses."""
        return frozenset().union(*(clause.content for clause in self.clauses))

    @cached_property
    def subject(self) -> frozenset[str]:
        """What its first claim is about."""
        return self.clauses[0].subject if self.clauses else frozenset()

    @cached_property
    def owned(self) -> frozenset[tuple[str, str]]:
        """What is called ours and yours: ("our" or "your", stem of the next word)."""
        language, pairs = self.lexicon.language, zip(self.words, self.words[1:], strict=False)
        owners = (language.claims.ours, language.claims.yours)
        return frozenset((owner, language.stem(thing)) for owner, thing in pairs if owner in owners)

    @cached_property
    def refers_back(self) -> bool:
        """Whether it refers to the sentence before it by a pronoun."""
        return any(clause.pronoun for clause in self.clauses)

    def _piece(self, places: Sequence[int]) -> Piece:
        elements = []
        for place in places:
            word, number = self.tokens[place], self.counted.get(place)
            if number is not None and place == number.first:
                elements.append((f"{number.value} {number.unit} {number.limit}", number.text))
            elif number is None and self.lexicon.is_content(word):
                elements.append((self.lexicon.language.stem(word), word))
        clause = self._clause(places)
        return Piece(tuple(elements), clause.verbs, clause.pronoun)

    def _clause(self, places: Sequence[int]) -> Clause:
        counted, lexicon = self.counted, self.lexicon
        claims, stem = lexicon.language.claims, lexicon.language.stem
        words = [self.tokens[place] for place in places if place not in counted]
        content = {stem(word): word for word in words if lexicon.is_content(word)}
        verbs = [word for word in words if stem(word) in lexicon.verb_stems]
        pronoun = any(word in claims.pronouns for word in words)
        before = words[: words.index(verbs[0])] if verbs else words
        return Clause(
            content=content,
            quantities=tuple(dict.fromkeys(counted[place] for place in places if place in counted)),
            markers={kind: word for word in words for kind in claims.markers.get(word, ())},
            roles=tuple(word for word in words if word in (claims.we, claims.you)),
            verbs=frozenset(stem(word) for word in verbs),
            subject=frozenset(stem(word) for word in before if lexicon.is_content(word)),
            open=pronoun or bool(verbs and words[0] == verbs[0]),
            pronoun=pronoun,
        )


def sentences(text: str, lexicon: Lexicon) -> list[Sentence]:
    """The sentences of a text; one without words is left out."""
    parts, start = [], 0
    for end in [match.end() for match in SENTENCE_END.finditer(text)] + [len(text)]:
        parts.append(Sentence(text[start:end], lexicon))
        start = end
    return [sentence for sentence in parts if sentence.words]


def _tokens(text: str, lexicon: Lexicon) -> Iterator[str]:
    found = list(_TOKEN.finditer(text.replace("’", "'")))
    place = 0
    while place < len(found):
        named = _is_name(found[place : place + 3], lexicon)
        yield from [f"{found[place][0]} {found[place + 1][0]}".lower()] if named else _split(found[place][0], lexicon)
        place += 2 if named else 1


def _is_name(found: Sequence[re.Match[str]], lexicon: Lexicon) -> bool:
    """Whether the first two are one name, as `Skua 2` is: its number counts nothing."""
    if len(found) < 2 or found[0].end() + 1 != found[1].start():
        return False
    word, number, after = found[0][0], found[1][0], found[2][0].lower() if len(found) > 2 else ""
    if not (word[0].isupper() and _WHOLE.fullmatch(number)):
        return False
    plain = word.lower() not in lexicon.never_named and lexicon.language.stem(word.lower()) not in lexicon.verb_stems
    return plain and after not in lexicon.counted


def _split(written: str, lexicon: Lexicon) -> Iterator[str]:
    written = written.lower()
    if "@" in written or not written[0].isalpha():
        yield written
        return
    for part in [written.replace("-", "")] if written[1:2] == "-" else written.split("-"):
        yield from lexicon.language.contraction(part)


def _pieces(
    tokens: Sequence[str], counted: dict[int, Quantity], conjunctions: frozenset[str]
) -> tuple[list[list[int]], list[str]]:
    """Places of the tokens of each piece, and what stands before it."""
    pieces: list[list[int]] = [[]]
    breaks: list[str] = [";"]
    for place, word in enumerate(tokens):
        if word not in _BREAKS and (word not in conjunctions or place in counted):
            pieces[-1] += [place] if word not in "-–" else []
        elif pieces[-1]:
            pieces.append([])
            breaks.append(word)
        else:
            breaks[-1] += word
    return [piece for piece in pieces if piece], breaks


def _joined(sentence: Sentence, pieces: list[list[int]], breaks: list[str]) -> list[list[int]]:
    """Give what is no claim of its own to its neighbour: a subordinate clause, an item of a list."""
    done: list[list[int]] = []
    waiting: list[int] = []
    for piece, mark in zip(pieces, breaks, strict=False):
        hard = not done or any(sign in mark for sign in _HARD)
        subordinate = sentence.tokens[piece[0]] in sentence.lexicon.language.claims.subordinate
        whole = any(_claims(sentence, place) for place in piece)
        forward = hard or ("," in mark and mark != ",") or bool(waiting)
        if subordinate or not whole:
            if forward:
                waiting += piece
            else:
                done[-1] += piece
        else:
            done.append(waiting + piece)
            waiting = []
    if waiting:
        done[-1:] = [[*done[-1], *waiting]] if done else [waiting]
    return done


def _claims(sentence: Sentence, place: int) -> bool:
    word, language = sentence.tokens[place], sentence.lexicon.language
    verb = language.stem(word) in sentence.lexicon.verb_stems and word not in language.numbers.units
    return place in sentence.counted or word in language.claims.markers or verb

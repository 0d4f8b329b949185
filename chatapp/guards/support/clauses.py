"""A text taken apart as far as the support guard needs it: sentences, clauses, and what each of them claims."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from chatapp.guards.lexicon import CONJUNCTION, FUNCTION, LIMIT, MARKER, PRONOUN, SUBORDINATE, UNIT, VERB
from chatapp.guards.support.quantity import Quantity, is_number, quantities

SENTENCE_END = re.compile(r"[.!?][\"')\]]*(?=\s)|\n")
_TOKEN = re.compile(
    r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # an e-mail address; each word is read from its start only once
    r"|\d{3,}(?: \d{3,})+"  # a telephone number
    r"|(?<![^\s(\"'])-\d+(?:[.,:]\d+)*|\d+(?:[.,:]\d+)*"  # -10, 4.90, 1,000, 14:00
    r"|[^\W\d_][^\W_]*(?:['’-][^\W_]+)*"  # words, IPX7, e-mail, don't
    r"|[€$£%°]|[,;:()–—-]"
)
_WHOLE = re.compile(r"-?\d+")
_NEVER_NAMED = FUNCTION | SUBORDINATE | CONJUNCTION | LIMIT.keys() | MARKER.keys()
_BREAKS = frozenset(",;:()—")
_HARD = frozenset(";:()—")


@dataclass(frozen=True, slots=True)
class Clause:
    """One claim of a sentence.

    `content` maps stems to the words as they stand; `markers` are the kinds of `lexicon.MARKER`; `roles` are "we"
    and "you" in their order. `verbs` are stems, `subject` the stems before the first verb. `open` says that it has
    no subject of its own: it begins with a verb, or refers by a `pronoun`.
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
    """A sentence as lower-case tokens, with `names`: the stems that are written with a capital inside it."""

    text: str
    tokens: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tokens", tuple(_tokens(self.text)))

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """All of the sentence's quantities."""
        return tuple(quantities(self.tokens))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its tokens without punctuation: two sentences with the same words say the same."""
        return tuple(word for word in self.tokens if word not in _BREAKS and word not in "-–")

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        """Its claims, in order; a list or a subordinate clause stays with the claim that it belongs to."""
        pieces, breaks = _pieces(self.tokens, self._counted)
        return tuple(self._clause(part) for part in _joined(self.tokens, self._counted, pieces, breaks))

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The sentence cut at every comma and conjunction."""
        return tuple(self._piece(places) for places in _pieces(self.tokens, self._counted)[0])

    @cached_property
    def _counted(self) -> dict[int, Quantity]:
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
        pairs = zip(self.words, self.words[1:], strict=False)
        return frozenset((owner, stem(thing)) for owner, thing in pairs if owner in ("our", "your"))

    @cached_property
    def leans(self) -> bool:
        """Whether it refers to the sentence before it by a pronoun."""
        return any(clause.pronoun for clause in self.clauses)

    def _piece(self, places: Sequence[int]) -> Piece:
        elements = []
        for place in places:
            word, number = self.tokens[place], self._counted.get(place)
            if number is not None and place == number.first:
                elements.append((f"{number.value} {number.unit} {number.limit}", number.text))
            elif number is None and is_content(word):
                elements.append((stem(word), word))
        clause = self._clause(places)
        return Piece(tuple(elements), clause.verbs, clause.pronoun)

    def _clause(self, places: Sequence[int]) -> Clause:
        counted = self._counted
        words = [self.tokens[place] for place in places if place not in counted]
        content = {stem(word): word for word in words if is_content(word)}
        verbs = [word for word in words if stem(word) in _VERB_STEMS]
        pronoun = any(word in PRONOUN for word in words)
        before = words[: words.index(verbs[0])] if verbs else words
        return Clause(
            content=content,
            quantities=tuple(dict.fromkeys(counted[place] for place in places if place in counted)),
            markers={kind: word for word in words for kind in MARKER.get(word, ())},
            roles=tuple(word for word in words if word in ("we", "you")),
            verbs=frozenset(stem(word) for word in verbs),
            subject=frozenset(stem(word) for word in before if is_content(word)),
            open=pronoun or bool(verbs and words[0] == verbs[0]),
            pronoun=pronoun,
        )


def sentences(text: str) -> list[Sentence]:
    """The sentences of a text; one without words is left out."""
    parts, start = [], 0
    for end in [match.end() for match in SENTENCE_END.finditer(text)] + [len(text)]:
        parts.append(Sentence(text[start:end]))
        start = end
    return [sentence for sentence in parts if sentence.words]


def is_content(word: str) -> bool:
    """Whether a word claims something by itself."""
    return word[0].isalpha() and word not in FUNCTION and word not in MARKER and not is_number(word)


def stem(word: str) -> str:
    """A crude stem, the same for return, returns, returned and returning."""
    for ending, least in (("ing", 6), ("ies", 5), ("ied", 5), ("ed", 5), ("es", 5), ("s", 4), ("ly", 6)):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            base = word.removesuffix(ending)
            base = base + "y" if ending in ("ies", "ied") else base
            break
    else:
        base = word
    if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "aeiouls":
        base = base[:-1]
    return base.removesuffix("e") if len(base) > 3 else base


_VERB_STEMS = frozenset(stem(verb) for verb in VERB)


def _tokens(text: str) -> Iterator[str]:
    found = list(_TOKEN.finditer(text.replace("’", "'")))
    place = 0
    while place < len(found):
        named = _is_name(found[place : place + 3])
        yield from [f"{found[place][0]} {found[place + 1][0]}".lower()] if named else _split(found[place][0])
        place += 2 if named else 1


def _is_name(found: Sequence[re.Match[str]]) -> bool:
    """Whether the first two are one name, as `Skua 2` is: its number counts nothing."""
    if len(found) < 2 or found[0].end() + 1 != found[1].start():
        return False
    word, number, after = found[0][0], found[1][0], found[2][0].lower() if len(found) > 2 else ""
    plain = word.lower() not in _NEVER_NAMED and stem(word.lower()) not in _VERB_STEMS
    return bool(word[0].isupper() and plain and _WHOLE.fullmatch(number)) and not _counts(after)


def _counts(word: str) -> bool:
    return word in UNIT or word in ("working", "business", "per", "am", "pm", "-", "–")


def _split(written: str) -> Iterator[str]:
    written = written.lower()
    if "@" in written or not written[0].isalpha():
        yield written
        return
    for part in [written.replace("-", "")] if written[1:2] == "-" else written.split("-"):
        if part.endswith("n't"):
            base = part.removesuffix("n't")
            yield from ({"ca": "can", "wo": "will"}.get(base, base), "not")
        else:
            yield part.split("'")[0]


def _pieces(tokens: Sequence[str], counted: dict[int, Quantity]) -> tuple[list[list[int]], list[str]]:
    """Places of the tokens of each piece, and what stands before it."""
    pieces: list[list[int]] = [[]]
    breaks: list[str] = [";"]
    for place, word in enumerate(tokens):
        if word not in _BREAKS and (word not in CONJUNCTION or place in counted):
            pieces[-1] += [place] if word not in "-–" else []
        elif pieces[-1]:
            pieces.append([])
            breaks.append(word)
        else:
            breaks[-1] += word
    return [piece for piece in pieces if piece], breaks


def _joined(
    tokens: Sequence[str], counted: dict[int, Quantity], pieces: list[list[int]], breaks: list[str]
) -> list[list[int]]:
    """Give what is no claim of its own to its neighbour: a subordinate clause, an item of a list."""
    done: list[list[int]] = []
    waiting: list[int] = []
    for piece, mark in zip(pieces, breaks, strict=False):
        hard = not done or any(sign in mark for sign in _HARD)
        subordinate = tokens[piece[0]] in SUBORDINATE
        whole = any(_claims(tokens[place], place in counted) for place in piece)
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


def _claims(word: str, counted: bool) -> bool:
    return counted or word in MARKER or (stem(word) in _VERB_STEMS and word not in UNIT)

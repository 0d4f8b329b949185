"""Whether one sentence of the approved text bears out one sentence of an answer."""

from collections.abc import Iterator, Sequence, Set

from chatapp.guards.support.clauses import Clause, Sentence
from chatapp.guards.support.quantity import Quantity
from chatapp.guards.support.splice import splice
from chatapp.guards.verdict import OK, Verdict
from language.protocol import ClaimWords

_MAY_BE_LEFT_OUT = frozenset({"duty", "yes"})


def borne_out(answer: Sentence, source: Sentence, before: Sentence | None, harmless: Set[str]) -> Verdict:
    """OK, or the first thing in `answer` that `source` does not say.

    `before` is the sentence before the source's: what it is about counts where the source refers to it by a pronoun.
    `harmless` are further stems that the answer may use. A sentence with the very words of the source is borne out.
    """
    if answer.words == source.words:
        return OK
    lent = before.subject if before and source.refers_back else frozenset()
    extra = frozenset(harmless) | lent
    for clause in answer.clauses:
        for flaw in _flaws(clause, source, extra):
            return flaw
    for owner, thing in sorted(answer.owned - source.owned):
        if any(theirs == thing for _, theirs in source.owned):
            return Verdict(False, owner, f"The approved text does not say {owner!r} here.")
    for word in filter(None, (splice(piece, source) for piece in answer.pieces)):
        return Verdict(False, word, f"The approved text says {word!r} of something else.")
    return OK


def _flaws(clause: Clause, source: Sentence, extra: frozenset[str]) -> Iterator[Verdict]:
    for word in (word for key, word in clause.content.items() if key not in source.stems | extra):
        yield Verdict(False, word, f"{word!r} is not in the approved text.")
    for quantity in clause.quantities:
        yield from _unbound(quantity, clause, source, extra)
    cover = _cover(clause, source)
    if clause.stems and not cover:
        yield Verdict(False, next(iter(clause.content.values())), "The approved text says nothing of it here.")
    yield from _turned(clause, cover)
    yield from _swapped(clause, cover, source.lexicon.language.claims)


def _unbound(quantity: Quantity, clause: Clause, source: Sentence, extra: frozenset[str]) -> Iterator[Verdict]:
    said = [home for home in source.clauses if any(map(quantity.borne_out_by, home.quantities))]
    if not said:
        yield Verdict(False, quantity.text, f"{quantity.text!r} is not what the approved text says.")
    elif _has_rival(quantity, source) and not any(_fits(clause, home, source, extra) for home in said):
        yield Verdict(False, quantity.text, f"{quantity.text!r} belongs to something else in the approved text.")


def _has_rival(quantity: Quantity, source: Sentence) -> bool:
    """Whether the source has another number that this one could be mistaken for."""
    return any(
        other.value != quantity.value and quantity.dimension in ("", other.dimension) for other in source.quantities
    )


def _fits(clause: Clause, home: Clause, source: Sentence, extra: frozenset[str]) -> bool:
    """Whether the answer's clause speaks of what `home` speaks of, and of no other quantity's subject."""
    named = home.stems - source.lexicon.limit_stems
    if named and not clause.stems & named:
        return False
    allowed = home.stems | extra
    for other in source.clauses:
        if not other.quantities:
            allowed |= other.stems
        elif home.open:
            allowed |= other.subject
        if not home.verbs:
            allowed |= other.verbs
    return clause.stems <= allowed


def _cover(clause: Clause, source: Sentence) -> list[Clause]:
    """The fewest clauses of the source, greedily, that hold all that the answer's clause takes from it."""
    left: set[object] = set(clause.stems & source.stems) | set(clause.quantities)
    cover: list[Clause] = []
    while left:
        held = [(_held(left, home), home) for home in source.clauses]
        most, home = max(held, key=lambda pair: len(pair[0]))
        if not most:
            break
        cover.append(home)
        left -= most
    return cover


def _held(wanted: Set[object], home: Clause) -> set[object]:
    numbers = (q for q in wanted if isinstance(q, Quantity))
    return {word for word in wanted if word in home.content} | {
        q for q in numbers if any(map(q.borne_out_by, home.quantities))
    }


def _turned(clause: Clause, cover: Sequence[Clause]) -> Iterator[Verdict]:
    """A negation, restriction, condition or duty that only one of the two has, or its number left out."""
    theirs = {kind: word for home in cover for kind, word in home.markers.items()}
    for kind in sorted(clause.markers.keys() - theirs.keys()):
        word = clause.markers[kind]
        yield Verdict(False, word, f"{word!r} makes a {kind} that the approved text does not make here.")
    for kind in sorted(theirs.keys() - clause.markers.keys() - _MAY_BE_LEFT_OUT):
        yield Verdict(False, theirs[kind], f"The {kind} {theirs[kind]!r} of the approved text is left out.")
    for number in (q for home in cover if home.markers.keys() - _MAY_BE_LEFT_OUT for q in home.quantities):
        if not any(said.borne_out_by(number) for said in clause.quantities):
            yield Verdict(False, number.text, f"{number.text!r} of the approved text's condition is left out.")


def _swapped(clause: Clause, cover: Sequence[Clause], claims: ClaimWords) -> Iterator[Verdict]:
    """We and you in each other's place."""
    roles = [home.roles for home in cover if home.roles]
    actor = clause.roles[0] if clause.roles else ""
    if (actor == claims.we and not any(claims.we in role for role in roles)) or (
        actor == claims.you and roles and all(claims.you not in role for role in roles)
    ):
        yield Verdict(False, actor, f"The approved text does not say that {actor!r} do it.")

"""A question back: where two or three facts share the probability, the customer is asked which of them is meant.

Pure, and after the policy: a decision in, the decision with a question in its place out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from language import Language
from router.policy.policy import MAX_FACTS, Policy
from router.text.clean import clean
from router.types import (
    SAFETY,
    Circumstances,
    Decision,
    Fact,
    Reason,
    ReasonCode,
    Route,
    ScoredFact,
)

LEAST_OPTION = 0.12
"""A fact is offered from this probability on."""
LEAST_SHARE = 0.55
"""What is offered has at least this share of the probability together."""
TORN = 0.6
"""Where the best fact would be given, it is asked only if the next is at least so likely beside it."""
_FEW_WORDS = 8
"""A longer message than this says more than which of the options it means."""
_ORDINALS = ("1", "2", "3")


def asked_back(decision: Decision, titles: Mapping[str, str]) -> Decision:
    """The decision, or the question in its place. `titles` are the facts that can be offered, by id.

    - Only a single question in scope is asked about, and never danger.
    - A question offers two or three facts, best first, each with a title of its own.
    """
    if decision.asked > 1 or decision.category == SAFETY or decision.in_scope < decision.threshold:
        return decision
    offered = [fact for fact in decision.candidates if fact.probability >= LEAST_OPTION][:MAX_FACTS]
    if len(offered) < 2 or not all(fact.id in titles for fact in offered):
        return decision
    if sum(fact.probability for fact in offered) < LEAST_SHARE:
        return decision
    if decision.route is Route.LOCAL and offered[1].probability < TORN * offered[0].probability:
        return decision
    shown = " or ".join(fact.id for fact in offered)
    reason = Reason(
        ReasonCode.ASKED_BACK, f"Two or three approved answers may be meant ({shown}), so it was asked which."
    )
    return replace(
        decision, route=Route.ASK, facts=(), options=tuple(offered), reasons=(*_kept(decision.reasons), reason)
    )


def titled(message: str, titles: Mapping[str, str]) -> str | None:
    """The fact whose title the message is, word for word: what a button sends, whenever it is pressed."""
    said = _words(message)
    return next((name for name, title in titles.items() if said == _words(title)), None)


def chosen(message: str, offered: Mapping[str, str], language: Language | None) -> str | None:
    """Which of a few facts the customer's answer to the question means; None where it says something else.

    By its number, or by words that its title has and no other. `offered` are their titles, by id, in order.
    """
    said = _words(message)
    if not 0 < len(said) <= _FEW_WORDS:
        return None
    ordinals = language.ordinals if language else _ORDINALS
    pointed = {number for number, names in enumerate(zip(_ORDINALS, ordinals, strict=True)) if {*names} & {*said}}
    if len(pointed) == 1 and max(pointed) < len(offered):
        return list(offered)[pointed.pop()]
    return _by_words(said, offered, language) if language else None


def given(fact: Fact, policy: Policy, circumstances: Circumstances) -> Decision:
    """The decision for a fact that the customer chose."""
    chosen_fact = ScoredFact(fact.id, fact.text, 1.0)
    return Decision(
        route=Route.LOCAL,
        mode=circumstances.mode,
        category=fact.category,
        confidence=1.0,
        in_scope=1.0,
        threshold=policy.threshold(fact.category),
        fact_threshold=policy.fact_threshold,
        facts=(chosen_fact,),
        neighbours=(),
        reasons=(
            Reason(
                ReasonCode.CHOSEN,
                "The message has the words of this answer's button, or means it, where it was asked which.",
            ),
        ),
        policy=policy.version,
        candidates=(chosen_fact,),
    )


def _by_words(said: Sequence[str], offered: Mapping[str, str], language: Language) -> str | None:
    """The one fact whose title shares words with the message that no other title has. At least half of the message's
    words are of the titles: what says more is about something else.
    """
    function = language.claims.function | language.follow_up.function

    def stems(words: Sequence[str]) -> set[str]:
        return {language.stem(word) for word in words if word not in function}

    words = {name: stems(_words(title)) for name, title in offered.items()}
    mentioned = stems(said)
    known = mentioned & set[str]().union(*words.values())
    named = [
        name
        for name, own in words.items()
        if mentioned & own - set[str]().union(*(others for other, others in words.items() if other != name))
    ]
    return named[0] if len(named) == 1 and 2 * len(known) >= len(mentioned) else None


def _words(text: str) -> list[str]:
    """Lower-case words and numbers without marks around them."""
    stripped = (word.strip(".,;:!?()\"'") for word in clean(text).casefold().split())
    return [word for word in stripped if word]


def _kept(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """Without those that say that no cloud was asked: it was not called for."""
    left_out = {ReasonCode.CLOUD_NOT_ALLOWED, ReasonCode.CLOUD_NOT_CONNECTED}
    return tuple(reason for reason in reasons if reason.code not in left_out)

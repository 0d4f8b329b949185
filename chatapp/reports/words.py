"""Figures and messages in the words of a report."""

from router.evaluation.labelled_case import Case
from router.stats import Share
from router.types import Route

ASKING = {
    "asked": "Asked back, of all",
    "offered": "Asked back, right offered",
    "rescued": "Asked back, right only so",
    "annoying": "Asked back, needlessly",
    "in_vain": "Asked back, in vain",
}
"""Name of every share of `router.evaluation.asking.Asking`; all but the first are of the messages asked about."""

MAX_CHARS = 280
_NBSP = "\u00a0"

ROUTES = {
    Route.LOCAL: "answered here",
    Route.CLOUD: "sent to the cloud",
    Route.ABSTAIN: "not answered",
    Route.ASK: "asked back",
}

MEASURES = {
    "here": ("Answered here", "of all messages"),
    "wrong": ("Answered wrongly", "of the answers given here"),
    "wrong_of_all": ("Answered here and wrong", "of all messages"),
    "fact_right": ("Right fact first", "of the messages a fact answers"),
    "fact_right_kept": ("Right fact first, kept here", "of those that a fact answers and that stay here"),
    "category_right": ("Category right", "of the in-scope messages"),
    "out_of_scope_recall": ("Out of scope, escalated", "of the out-of-scope messages"),
    "out_of_scope_kept": ("Out of scope, answered here", "of the answers given here"),
    "kept": ("In scope, kept here", "of the in-scope messages"),
    "answerable_kept": ("Answerable, kept here", "of the messages a fact answers"),
}
"""Name and denominator of every share, by its field in `router.evaluation.evaluate.Figures`."""


def percent(share: float) -> str:
    """One decimal: with a few hundred messages, further ones mean nothing."""
    return f"{share * 100:.1f}{_NBSP}%"


def whole_percent(share: float) -> str:
    """In whole per cent, where the figure is no measurement."""
    return f"{share * 100:.0f}{_NBSP}%"


def points(difference: float) -> str:
    """A difference of shares in percentage points, signed unless it is zero."""
    rounded = round(difference * 100, 1)
    return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"


def value(share: Share) -> str:
    """The share; a dash where there is nothing to count."""
    return percent(share.value) if share.n else "–"


def interval(share: Share) -> str:
    """Its 95 % interval and its denominator."""
    n = f"n{_NBSP}={_NBSP}{share.n:,}"
    return f"{share.low * 100:.1f}–{percent(share.high)}, {n}" if share.n else n


def usd(dollars: float) -> str:
    """Dollars, with as many digits as an estimate supports."""
    if dollars >= 1 or dollars == 0:
        return f"${dollars:,.2f}"
    return f"${dollars:.3f}" if dollars >= 0.01 else f"${dollars:.2g}"


def topic(key: str) -> str:
    """A category's key as words."""
    return key.replace("_", " ")


def shortened(text: str) -> str:
    """A message on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_CHARS else f"{line[:MAX_CHARS].rstrip()} …"


def label(case: Case) -> str:
    """What the message is, by its labels."""
    if not case.inside:
        return "out of scope: not to be answered here"
    facts = ", ".join(case.message.facts) or "no fact answers it"
    return f"{topic(case.row)}: {facts}"


def reading(case: Case) -> str:
    """What the router made of it."""
    decision, best = case.decision, case.best
    fact = f"{best.id} {whole_percent(best.probability)}" if best else "no fact"
    scope = whole_percent(decision.in_scope)
    return f"{ROUTES[decision.route]}; read as {topic(decision.category)}, in scope {scope}, {fact}"

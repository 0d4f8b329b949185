"""What questions back would be worth: counted by hand on made-up decisions."""

from router.evaluation.asking import asking
from router.pack.labelled import Labelled
from router.stats import Share
from tests.router.cases import FACTS, case, scores

TITLES = {name: f"About {name}" for name in FACTS}
TORN = scores(0.9, (FACTS[0], 0.4), (FACTS[1], 0.38))
SURE = scores(0.9, (FACTS[0], 0.9))


def labelled(*facts: str) -> Labelled:
    return Labelled("x", "bread" if facts else None, facts)


def test_asked_offered_rescued_annoying_and_in_vain() -> None:
    cases = [
        case(labelled(FACTS[0]), TORN),
        case(labelled(FACTS[1]), TORN),
        case(labelled(FACTS[2]), TORN),
        case(labelled(), TORN),
        case(labelled(FACTS[0]), SURE),
    ]
    found = asking(cases, TITLES)
    assert (found.asked, found.offered) == (Share(4, 5), Share(2, 4))
    assert (found.rescued, found.annoying, found.in_vain) == (Share(1, 4), Share(1, 4), Share(2, 4))


def test_nothing_to_ask_about() -> None:
    found = asking([case(labelled(FACTS[0]), SURE)], TITLES)
    assert (found.asked, found.offered) == (Share(0, 1), Share(0, 0))

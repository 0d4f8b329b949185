"""What questions back would be worth on labelled messages: asked, right after one answer, or only annoying."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from router.evaluation.labelled_case import Case, End
from router.policy.ask import asked_back
from router.stats import Share
from router.types import Route


@dataclass(frozen=True, slots=True)
class Asking:
    """`asked` of all messages. Of those asked about: `offered` has a right fact among the options, so that the
    customer's choice is answered rightly; `rescued` is offered one and would have had no right answer; `annoying` would
    have been answered rightly without the question; `in_vain` is answered by no option.
    """

    asked: Share
    offered: Share
    rescued: Share
    annoying: Share
    in_vain: Share


def asking(cases: Sequence[Case], titles: Mapping[str, str]) -> Asking:
    """The figures for cases that were decided without questions; `titles` are the facts that can be offered, by id."""
    decided = [(case, asked_back(case.decision, titles)) for case in cases]
    asked = [(case, {fact.id for fact in now.options}) for case, now in decided if now.route is Route.ASK]
    offered = [bool(options & {*case.message.facts}) for case, options in asked]
    right = [case.end is End.RIGHT for case, _ in asked]
    return Asking(
        asked=Share(len(asked), len(cases)),
        offered=_share(offered),
        rescued=_share(there and not before for there, before in zip(offered, right, strict=True)),
        annoying=_share(right),
        in_vain=_share(not there for there in offered),
    )


def _share(hits: Iterable[bool]) -> Share:
    values = list(hits)
    return Share(sum(values), len(values))

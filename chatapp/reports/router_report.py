"""The report of `firstline router eval`: one HTML file without scripts, to read, to print and to hand on."""

from datetime import datetime

from chatapp.reports.difference import part_of
from chatapp.reports.views import page_of
from chatapp.web.templates import Templates
from router.evaluation.compare import Comparison
from router.evaluation.evaluate import Evaluation


def router_report(
    evaluation: Evaluation,
    *,
    data: str,
    made: datetime,
    comparison: Comparison | None = None,
    compared_with: str = "",
) -> str:
    """The page as text. `data` names the messages; `compared_with` what `comparison.before` is."""
    page = page_of(evaluation, data, made, comparison.before if comparison else None)
    part = part_of(comparison, compared_with) if comparison else None
    return Templates().render("router_report.html", page=page, comparison=part)

"""What a model sees of a conversation: the latest exchanges within a budget, and a summary of the rest."""

from chatapp.context.budget import Exchange, summary_budget
from chatapp.context.notes import recall, remember, remind
from chatapp.context.prune import Fitted, fit
from chatapp.context.summarize import Gist, Summary, summarize

__all__ = [
    "Exchange",
    "Fitted",
    "Gist",
    "Summary",
    "fit",
    "recall",
    "remember",
    "remind",
    "summarize",
    "summary_budget",
]

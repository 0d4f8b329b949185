"""What happened, and what it cost: the only room that knows the database. See docs/store.md."""

from chatapp.store.records import (
    Bucket,
    CallRecord,
    Conversation,
    Exchange,
    Figure,
    Figures,
    OpenCall,
    Past,
    Policy,
    Prices,
    Quantiles,
    Turn,
    TurnLine,
)
from chatapp.store.store import Store

__all__ = [
    "Bucket",
    "CallRecord",
    "Conversation",
    "Exchange",
    "Figure",
    "Figures",
    "OpenCall",
    "Past",
    "Policy",
    "Prices",
    "Quantiles",
    "Store",
    "Turn",
    "TurnLine",
]

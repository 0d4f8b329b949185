"""Where a message goes: a library of its own, without web, database or network.

    from router import Circumstances, Router

    router = Router.open("packs/support", "data")  # trains once, in a minute or two
    decision = router.decide("where is my parcel?", (), Circumstances(cloud_connected=True))
    print(decision.route, *(fact.text for fact in decision.facts))
    print(*(reason.text for reason in decision.reasons))

Importing it loads nothing but what is asked for. What else there is stands in the rooms below, each with a docstring
of its own; none of them imports from here.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from localmodel import quiet as quiet  # first of all: libraries read its variables when they are imported

if TYPE_CHECKING:
    from router.encoder.encoder import Encoder as Encoder
    from router.errors import RouterError as RouterError
    from router.pack.load import Pack as Pack
    from router.pack.load import load_pack as load_pack
    from router.policy.policy import Policy as Policy
    from router.router import Router as Router
    from router.types import Circumstances as Circumstances
    from router.types import Decision as Decision
    from router.types import Mode as Mode
    from router.types import Route as Route
    from router.types import Scores as Scores

_HOMES = {
    "Circumstances": "router.types",
    "Decision": "router.types",
    "Encoder": "router.encoder.encoder",
    "Mode": "router.types",
    "Pack": "router.pack.load",
    "Policy": "router.policy.policy",
    "Route": "router.types",
    "Router": "router.router",
    "RouterError": "router.errors",
    "Scores": "router.types",
    "load_pack": "router.pack.load",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

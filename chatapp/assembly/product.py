"""The product's parts, built once from the settings: what the server and `firstline ask` both stand on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from chatapp.assembly.active_release import Server
from chatapp.assembly.open_router import open_router
from chatapp.backends.base import Backend
from chatapp.backends.cloud.backend import CloudBackend
from chatapp.backends.local.backend import LocalBackend
from chatapp.fences import FenceReport
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.turn.runner import TurnRunner
from router.policy.policy import Policy
from router.router import Router
from router.types import Route


@dataclass(frozen=True, slots=True)
class Product:
    """Everything that is built at start, and closed at the end."""

    settings: Settings
    store: Store
    router: Router
    backends: Mapping[Route, Backend]
    runner: TurnRunner
    server: Server
    fences: FenceReport | None = None

    async def aclose(self) -> None:
        """End what runs, store it, and free the models."""
        await self.runner.aclose()
        for backend in self.backends.values():
            await backend.aclose()
        self.store.close()


def build_product(settings: Settings, fences: FenceReport | None = None) -> Product:
    """Load the pack, the router and the local model, and open the database.

    In local-only mode no cloud backend exists. Blocks for a second or two, longer on the very first start, when the
    encoder is exported and the router trained. Raises OperatorError and RouterError.
    """
    settings.make_data_dir()
    store = Store.open(settings.resolved_database_url)
    try:
        router = open_router(settings)
        local = LocalBackend(settings)
        local.load()
        backends: dict[Route, Backend] = {Route.LOCAL: local}
        if settings.cloud_connected:
            backends[Route.CLOUD] = CloudBackend(
                settings
            )  # its counter needs no file: a local model that fails must not fail both
        record = partial(_record, store)
        record(router.policy, settings.policy or f"pack {router.pack.name}")
        server = Server(settings, router, local, record)
        runner = TurnRunner(settings, store, server.now, backends)
    except BaseException:
        store.close()
        raise
    return Product(settings, store, router, backends, runner, server, fences)


def _record(store: Store, policy: Policy, why: str) -> None:
    content = {"thresholds": dict(policy.thresholds), "fact_threshold": policy.fact_threshold}
    content |= {"answer_threshold": policy.answer_threshold} if policy.answer_threshold else {}
    store.record_policy(policy.version, content, who="calibration", why=why)

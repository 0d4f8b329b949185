"""The product's parts, opened once from the settings: shared by the server and `firstline ask`."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from filelock import FileLock

from chatapp.assembly.active_release import Record, Server, served_elsewhere
from chatapp.assembly.open_router import open_router
from chatapp.assembly.upkeep import close_left_open
from chatapp.backends.base import Backend
from chatapp.backends.cloud.backend import CloudBackend
from chatapp.backends.local.backend import LocalBackend
from chatapp.backends.pool.pool import Pool
from chatapp.fences import FenceReport
from chatapp.serving import Serving
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.store.server_lock import hold
from chatapp.turn.runner import TurnRunner
from router.pack.load import Pack
from router.policy.policy import Policy
from router.router import Router
from router.types import Route


@dataclass(frozen=True, slots=True)
class Product:
    """Everything that is opened at start, and closed at the end.

    `serving` gives what answers locally now. What a promotion changes (router, policy, adapter) is read through it and
    kept nowhere else, so that nobody is told of what served at start. `lock` is held by a server that has its database
    to itself.
    """

    settings: Settings
    pack: Pack
    store: Store
    backends: Mapping[Route, Backend]
    runner: TurnRunner
    serving: Callable[[], Serving]
    fences: FenceReport | None = None
    lock: FileLock | None = None

    async def aclose(self) -> None:
        """End what runs, store it, free the models, and let another server have the database."""
        await self.runner.aclose()
        for backend in self.backends.values():
            await backend.aclose()
        self.store.close()
        if self.lock:
            self.lock.release()


def build_product(settings: Settings, fences: FenceReport | None = None) -> Product:
    """Load the pack, the router and the local model, unless servers stand in for it, and open the database.

    In local-only mode no cloud backend exists. Blocks for a second or two, longer on the very first start, when the
    encoder is exported and the router trained. Raises OperatorError and RouterError.
    """
    settings.make_data_dir()
    store = Store.open(settings.resolved_database_url)
    try:
        router = open_router(settings)
        record = partial(_record, store)
        record(router.policy, settings.policy or f"pack {router.pack.name}")
        local, serving = _local(settings, router, record)
        backends: dict[Route, Backend] = {Route.LOCAL: local}
        if settings.cloud_connected:
            backends[Route.CLOUD] = CloudBackend(settings)  # needs no file: a local model that fails must not fail both
        runner = TurnRunner(settings, store, serving, backends)
    except BaseException:
        store.close()
        raise
    return Product(settings, router.pack, store, backends, runner, serving, fences)


def build_server_product(settings: Settings, fences: FenceReport | None = None) -> Product:
    """The same for a server, which has a SQLite database to itself. Model calls that an earlier process left open are
    ended in the books.

    Raises DatabaseError where another server holds the database, before a model is loaded, and what `build_product`
    raises.
    """
    lock = hold(settings.resolved_database_url)
    with ExitStack() as undone:
        if lock:
            undone.callback(lock.release)
        product = build_product(settings, fences)
        undone.callback(product.store.close)
        if lock:
            product.store.owners.serve_alone()
        close_left_open(product.store, settings, alone=lock is not None)
        undone.pop_all()
    return replace(product, lock=lock)


def _local(settings: Settings, router: Router, record: Record) -> tuple[Backend, Callable[[], Serving]]:
    """What answers locally, and who says what of it serves now. Where servers are named, no model is loaded here."""
    if settings.local_servers:
        serving = served_elsewhere(settings, router)
        return Pool(settings), lambda: serving
    local = LocalBackend(settings)
    local.load()
    return local, Server(settings, router, local, record).now


def _record(store: Store, policy: Policy, why: str) -> None:
    content = {"thresholds": dict(policy.thresholds), "fact_threshold": policy.fact_threshold}
    content |= {"answer_threshold": policy.answer_threshold} if policy.answer_threshold else {}
    store.policies.record(policy.version, content, who="calibration", why=why)

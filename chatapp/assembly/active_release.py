"""What answers locally at this moment: the router under its policy, and the model's adapter, as one value.

A turn takes it once, when it begins, and keeps it to its end: a promotion in between changes the next turn, never this
one. So no answer is written by two models, and no threshold is held against scores of another release.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from chatapp.backends.local.backend import LocalBackend
from chatapp.backends.local.model import model_hash
from chatapp.serving import Serving
from chatapp.settings import Settings
from localmodel.adapter import FORM_KEY, check_base, read_metadata
from localmodel.errors import BaseModelError, ExplainedError
from localmodel.release import Release, Releases, shipped
from router.errors import PolicyError
from router.pack.load import Pack
from router.policy.file import PolicyFile, check, read_policy
from router.policy.policy import Policy
from router.router import Router

log = logging.getLogger(__name__)

NO_ADAPTER = "none"
ELSEWHERE = "servers"
"""What stands for a release where other servers answer."""
Record = Callable[[Policy, str], None]
"""Told of a policy, and why it is in force."""


class Server:
    """Gives what serves now, and notices a promotion or a rollback by another process."""

    def __init__(self, settings: Settings, router: Router, backend: LocalBackend, record: Record) -> None:
        """`record` is told of every policy that comes into force with a release.

        Raises ExplainedError where what should serve cannot.
        """
        self._settings, self._router, self._backend, self._record = settings, router, backend, record
        self._releases = open_releases(settings, router.pack)
        self._changing = threading.Lock()
        self._stamp = self._releases.stamp
        self._serving = self._made(self._releases.current(), starting=True)

    def now(self) -> Serving:
        """What serves now. Where a new release is to be loaded, one caller waits for that, some seconds; the others get
        the old one meanwhile. A release that cannot serve leaves the old one in service.
        """
        stamp = self._releases.stamp
        if stamp != self._stamp and self._changing.acquire(blocking=False):
            try:
                if stamp != self._stamp:
                    self._change()
                    self._stamp = stamp
            finally:
                self._changing.release()
        return self._serving

    def _change(self) -> None:
        try:
            self._serving = self._made(self._releases.current(), starting=False)
            log.warning("%r serves now", self._serving.release)
        except ExplainedError as error:
            log.error("the new release cannot serve, and %r still does: %s", self._serving.release, error)

    def _made(self, release: Release, *, starting: bool) -> Serving:
        """`release`, loaded and checked."""
        router, own = self._router, self._settings.adapter
        if own:
            release = Release(own, None if own == NO_ADAPTER else Path(own).expanduser())
        elif release.policy and not self._settings.policy:
            router = self._under(read_policy(release.policy), release, starting=starting)
        if release.adapter is None:
            self._backend.prepare(None)
            form = self._backend.load().metadata.get(FORM_KEY, "")
            return Serving(release.id, router, None, form)
        metadata = read_metadata(release.adapter)
        check_base(release.adapter, metadata, model_hash(self._settings))
        self._backend.prepare(release.adapter)
        return Serving(release.id, router, release.adapter, metadata.get(FORM_KEY, ""))

    def _under(self, file: PolicyFile, release: Release, *, starting: bool) -> Router:
        """The router under the release's thresholds. Where its pack was changed since, they mean nothing: then nothing
        new is taken into service, and a product that starts does so under its default ones.
        """
        try:
            check(file, self._router.pack, self._router.encoder)
        except PolicyError as error:
            if not starting:
                raise
            log.warning("%s serves under default thresholds until it is evaluated again. %s", release.id, error)
            return self._router
        policy = replace(file.policy, answer_threshold=self._router.policy.answer_threshold)
        self._record(policy, f"release {release.id}")
        return self._router.with_policy(policy)


def served_elsewhere(settings: Settings, router: Router) -> Serving:
    """What serves where FIRSTLINE_LOCAL_BASE_URL names servers: whatever model they have loaded, under the policy of
    FIRSTLINE_POLICY or the pack. A release does not: its adapter fits the model in this process.
    """
    releases = Releases(settings.data_dir / "releases" / router.pack.name, Release(ELSEWHERE))
    if releases.serves != ELSEWHERE:
        log.warning("%r does not serve: FIRSTLINE_LOCAL_BASE_URL names servers that answer instead", releases.serves)
    return Serving(ELSEWHERE, router, None, settings.local_server_form)


def open_releases(settings: Settings, pack: Pack) -> Releases:
    """The releases of the pack in the data folder of the settings. An adapter that the pack ships for another model
    than the one that is served is left out.
    """
    brings = shipped(pack.folder)
    if brings.adapter:
        try:
            check_base(brings.adapter, read_metadata(brings.adapter), model_hash(settings))
        except BaseModelError as error:
            log.warning("What the pack ships is left out. %s", error)
            brings = Release("pack")
    return Releases(settings.data_dir / "releases" / pack.name, brings)

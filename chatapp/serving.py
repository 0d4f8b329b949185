"""What answers locally at this moment: the router under its policy, and the model's adapter, as one value.

A turn takes it once, when it begins, and keeps it to its end: a promotion in between changes the next turn, never this
one. So no answer is written by two models, and no threshold is held against scores of another release.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from chatapp.backends.local import LocalBackend
from chatapp.backends.modelfile import SHIPPED_SHA256
from chatapp.errors import FirstlineError
from chatapp.settings import Settings
from finetune.adapter import FORM_KEY, check_base, read_metadata
from finetune.errors import FinetuneError
from finetune.release import Release, Releases, shipped
from router.errors import RouterError
from router.pack import Pack
from router.policy import Policy
from router.policyfile import check, read_policy
from router.router import Router
from router.storage import sha256

log = logging.getLogger(__name__)

NO_ADAPTER = "none"
Record = Callable[[Policy, str], None]
"""Told of a policy, and why it is in force."""


@dataclass(frozen=True, slots=True)
class Serving:
    """`form` is the prompt form that model and adapter were fine-tuned on, "" for a model as it comes."""

    release: str
    router: Router
    adapter: Path | None = None
    form: str = ""


class Server:
    """Gives what serves now, and notices a promotion or a rollback by another process."""

    def __init__(self, settings: Settings, router: Router, backend: LocalBackend, record: Record) -> None:
        """`record` is told of every policy that comes into force with a release.

        Raises FirstlineError, FinetuneError or RouterError where what should serve cannot.
        """
        self._settings, self._router, self._backend, self._record = settings, router, backend, record
        self._releases = open_releases(settings, router.pack)
        self._changing = threading.Lock()
        self._stamp = self._releases.stamp
        self._serving = self._made(self._releases.current())

    def now(self) -> Serving:
        """What serves now. Blocks while a new release is loaded; one that cannot be leaves the old one in service."""
        stamp = self._releases.stamp
        if stamp != self._stamp:
            with self._changing:
                if stamp != self._stamp:
                    self._change()
                    self._stamp = stamp
        return self._serving

    def _change(self) -> None:
        try:
            self._serving = self._made(self._releases.current())
            log.warning("%r serves now", self._serving.release)
        except (FirstlineError, FinetuneError, RouterError) as error:
            log.error("the new release cannot serve, and %r still does: %s", self._serving.release, error)

    def _made(self, release: Release) -> Serving:
        """`release`, loaded and checked."""
        router, own = self._router, self._settings.adapter
        if own:
            release = Release(own, None if own == NO_ADAPTER else Path(own).expanduser())
        elif release.policy and not self._settings.policy:
            file = read_policy(release.policy)
            check(file, router)
            router = router.with_policy(replace(file.policy, answer_threshold=router.policy.answer_threshold))
            self._record(router.policy, f"release {release.id}")
        if release.adapter is None:
            form = self._backend.load().metadata.get(FORM_KEY, "")
            return Serving(release.id, router, None, form)
        metadata = read_metadata(release.adapter)
        if not self._fits(release, metadata):
            return Serving(NO_ADAPTER, router)
        self._backend.prepare(release.adapter)
        return Serving(release.id, router, release.adapter, metadata.get(FORM_KEY, ""))

    def _fits(self, release: Release, metadata: dict[str, str]) -> bool:
        """Whether the adapter is for the model that is served. One that the pack ships is left out where it is not."""
        assert release.adapter
        own = Path(self._settings.local_model).expanduser() if self._settings.local_model else None
        try:
            check_base(release.adapter, metadata, sha256(own) if own else SHIPPED_SHA256)
        except FinetuneError as error:
            if release.id != self._releases.shipped.id:
                raise
            log.warning("The model is served as it comes. %s", error)
            return False
        return True


def open_releases(settings: Settings, pack: Pack) -> Releases:
    """The releases of the pack in the data folder of the settings."""
    return Releases(settings.data_dir / "releases" / pack.name, shipped(pack.folder))

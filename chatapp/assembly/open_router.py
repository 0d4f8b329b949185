"""The router that the settings ask for: the pack's, under the policy file if one is named, else under the one that the
pack ships.
"""

import logging
from functools import partial
from pathlib import Path

import typer

from chatapp.assembly.learnt import with_learnt
from chatapp.paths import pack_folder
from chatapp.settings import Settings
from localmodel.release import POLICY
from router.errors import PolicyError
from router.pack.safety import SAFETY_REMEDY, UNSAFE
from router.policy.file import check, read_policy
from router.router import Router

log = logging.getLogger(__name__)


def open_router(settings: Settings) -> Router:
    """Open it, training first if need be, which is told on stderr.

    Raises OperatorError and RouterError, which a file that does not fit is.
    """
    file = read_policy(Path(settings.policy)) if settings.policy else None  # before a training of a minute
    folder = settings.make_data_dir() / "router"
    router = Router.open(pack_folder(settings.pack), folder, tell=partial(typer.echo, err=True))
    if router.danger is None:
        log.warning("The pack %r %s %s", router.pack.name, UNSAFE, SAFETY_REMEDY)
    if file is None:
        return with_learnt(_as_shipped(router), settings)
    check(file, router.pack, router.encoder)
    return with_learnt(router.with_policy(file.policy), settings)


def _as_shipped(router: Router) -> Router:
    """Under the thresholds that the pack ships; its own default ones where its facts have been changed since."""
    path = router.pack.folder / POLICY
    if not path.is_file():
        return router
    file = read_policy(path)
    try:
        check(file, router.pack, router.encoder)
    except PolicyError as error:
        log.warning("The pack's default thresholds are used. %s", error)
        return router
    return router.with_policy(file.policy)

"""The router that the settings ask for: the pack's, under the policy file if one is named."""

from pathlib import Path

from chatapp.learnt import with_learnt
from chatapp.paths import pack_folder
from chatapp.settings import Settings
from router.policyfile import check, read_policy
from router.router import Router


def open_router(settings: Settings) -> Router:
    """Open it, training first if need be. Raises OperatorError and RouterError, which a file that does not fit is."""
    file = read_policy(Path(settings.policy)) if settings.policy else None  # before a training of half a minute
    router = Router.open(pack_folder(settings.pack), settings.data_dir / "router")
    if file is None:
        return with_learnt(router, settings)
    check(file, router)
    return with_learnt(router.with_policy(file.policy), settings)

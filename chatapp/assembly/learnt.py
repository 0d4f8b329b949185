"""What was learnt from outcomes, put to use in the router."""

import logging
from dataclasses import replace

from chatapp.paths import pack_folder
from chatapp.settings import Settings
from router.errors import ArtefactError
from router.outcomes.file import load_outcomes, outcomes_folder
from router.router import Router

log = logging.getLogger(__name__)


def with_learnt(router: Router, settings: Settings) -> Router:
    """The router with the outcome model of the settings' pack, if there is one, and the answer threshold.

    A model that is damaged or of another encoder is left out, and the log says so: without one, messages are routed
    as before it.
    """
    folder = outcomes_folder(settings.data_dir / "router", pack_folder(settings.pack))
    if folder.is_dir():
        try:
            router = router.with_outcomes(load_outcomes(folder, router.encoder.fingerprint))
        except ArtefactError as error:
            log.warning("%s", error)
    if not settings.answer_threshold:
        return router
    if router.outcomes is None:
        log.warning("FIRSTLINE_ANSWER_THRESHOLD does nothing yet: run `firstline router learn` first.")
    return router.with_policy(replace(router.policy, answer_threshold=settings.answer_threshold))

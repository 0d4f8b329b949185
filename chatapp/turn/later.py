"""What the database does not do now is done a moment later, or at the next start."""

import contextlib
import logging
from collections.abc import Iterator

from chatapp.errors import FirstlineError

log = logging.getLogger(__name__)


@contextlib.contextmanager
def left_for_later(what: str) -> Iterator[None]:
    """Log the failure of work that will be tried again; `what` says in words what could not be done."""
    try:
        yield
    except FirstlineError as error:
        log.warning("%s: %s", what, error)

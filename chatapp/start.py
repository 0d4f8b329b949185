"""Every command begins here: the settings and, in local-only mode, the fences, before any library is loaded."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from chatapp.errors import FirstlineError
from localmodel.quiet import go_offline
from router.types import Mode

if TYPE_CHECKING:
    from chatapp.fences import FenceReport
    from chatapp.settings import Settings

_READS_NO_SETTINGS = frozenset({"version"})
_TELLS_OF_SETTINGS = frozenset({"doctor"})


def start(**overrides: object) -> "tuple[Settings, FenceReport | None]":
    """The settings and, in local-only mode, the fences around everything that is loaded from here on.

    `overrides` win over the environment where they are not None. Fences that stand already are not raised again, and
    stay whatever the overrides say. Raises SettingError, FenceError.
    """
    from chatapp.settings import load_settings

    settings = load_settings(**{name: value for name, value in overrides.items() if value is not None})
    if settings.mode is not Mode.LOCAL_ONLY:
        return settings, None
    from chatapp.fences import database_endpoints, raise_fences, resolvable, server_endpoints

    go_offline()
    database = database_endpoints(settings.resolved_database_url)
    return settings, raise_fences((*database, *resolvable(server_endpoints(settings.local_servers))))


def fenced(command: Any, name: str = "") -> Any:
    """`command` with all that are under it, made to `start` before they do anything else.

    It is done here for all of them, so that no command can forget it. Help needs none of it and stays instant.
    """
    for word, inner in getattr(command, "commands", {}).items():
        fenced(inner, f"{name} {word}".strip())
    if command.callback and name not in _READS_NO_SETTINGS:
        command.callback = _after_start(command.callback, lenient=name in _TELLS_OF_SETTINGS)
    return command


def _after_start(callback: Callable[..., Any], *, lenient: bool) -> Callable[..., Any]:
    """`lenient` is for what looks at the settings itself, and says what is wrong with them."""

    @wraps(callback)
    def run(*args: Any, **options: Any) -> Any:
        try:
            start()
        except FirstlineError:
            if not lenient:
                raise
        return callback(*args, **options)

    return run

"""Cleans the environment as people and machines write it: spaces, quotes, `~`, and variables of Kubernetes."""

import re
from pathlib import Path

from chatapp.errors import SettingError

_AROUND = " \t\r\n\f\v\ufeff\u00a0"
_PROTOCOL = re.compile(r"(?:tcp|udp|sctp)://", re.IGNORECASE)
_OF_A_SERVICE = re.compile(
    r"FIRSTLINE_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)


def cleaned(value: str) -> str:
    """Without the blanks, line breaks and quotes around it that copying and `.env` files leave."""
    value = value.strip(_AROUND)
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1].strip(_AROUND)
    return value


def of_kubernetes(name: str, value: str) -> bool:
    """Whether Kubernetes made this variable, as it does in every pod beside a service called `firstline…`."""
    linked = name.startswith("FIRSTLINE_") and name.endswith("PORT") and bool(_PROTOCOL.match(value))
    return linked or bool(_OF_A_SERVICE.fullmatch(name))


def at_home(path: str) -> str:
    """The path with a leading `~` expanded. Raises ValueError where this user has no home folder."""
    if not path.startswith("~"):
        return path
    try:
        return str(Path(path).expanduser())
    except RuntimeError:
        raise ValueError(f"{path!r} begins at a home folder, and this user has none; give a path from /") from None


def default_data_dir() -> Path:
    """The default data folder. Raises SettingError where this user has no home folder."""
    try:
        return Path.home() / ".local" / "share" / "firstline"
    except RuntimeError:  # no HOME, and no entry in /etc/passwd, as in many containers
        raise SettingError(
            "FIRSTLINE_DATA_DIR is not set, and this user has no home folder to keep data in.",
            "Set it to a folder that this user may write to.",
        ) from None

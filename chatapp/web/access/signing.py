"""The key that signs the session cookie: whoever knows it can be anybody."""

import logging
import secrets
from pathlib import Path

from filelock import FileLock

from chatapp.errors import SettingError
from chatapp.settings import Settings
from localmodel.atomic_files import write_text

log = logging.getLogger(__name__)

SHORTEST = 16
"""Characters. A shorter key, or an empty one, could be guessed from one cookie."""


def session_secret(settings: Settings) -> str:
    """The key: from the setting, or a random one kept in the data folder, readable by its owner only.

    Raises SettingError where the setting's is too short. A kept one that is, of a disk that was full for one, is made
    anew: then every browser begins anew too.
    """
    configured = settings.session_secret.get_secret_value()
    if configured and len(configured) < SHORTEST:
        raise SettingError(
            f"FIRSTLINE_SESSION_SECRET is shorter than {SHORTEST} characters, and could be guessed.",
            "Set a long random one, or unset it: then one is made and kept in the data folder.",
        )
    return configured or _kept_secret(settings.data_dir / "session.key")


def _kept_secret(path: Path) -> str:
    if len(kept := _read(path)) >= SHORTEST:
        return kept
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):  # of processes that start at once all take the first one's
        if len(kept := _read(path)) >= SHORTEST:
            return kept
        if path.exists():
            log.warning("%s held no whole key. A new one is made; browsers lose sight of their conversations.", path)
        write_text(path, secrets.token_urlsafe(32), private=True)
    return _read(path)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""

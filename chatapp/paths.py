"""Where the files that ship beside the code lie: in the wheel under `chatapp/_shipped`, in a checkout at the top."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = _PACKAGE / "_shipped"
ROOT = _SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parent

TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
PACKS = ROOT / "packs"


def pack_folder(name: str) -> Path:
    """The folder of a shipped pack by its name, or the path itself where `name` is one."""
    shipped = PACKS / name
    return shipped if "/" not in name and shipped.is_dir() else Path(name).expanduser()

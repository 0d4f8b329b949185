"""Which pack and which cache a command of the router works on."""

from pathlib import Path


def chosen_pack(pack: Path | None) -> Path:
    """The folder named on the command line, else that of the settings. Raises FirstlineError."""
    from chatapp.paths import pack_folder
    from chatapp.settings import load_settings

    return pack or pack_folder(load_settings().pack)


def cache_folder() -> Path:
    """Where encoders and trained routers are kept."""
    from chatapp.settings import load_settings

    return load_settings().data_dir / "router"

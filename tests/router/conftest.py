"""One trained router for the whole session, and a small pack that tests may spoil."""

import shutil
from pathlib import Path

import pytest

from router.encoder.encoder import Encoder
from router.router import Router

SUPPORT = Path(__file__).parents[2] / "packs" / "support"

SMALL = {
    "pack.toml": 'name = "small"\ntitle = "Small"\npersona = "Be brief."\ncontact = "call us"\n',
    "out_of_scope.txt": "# not ours\nwrite a poem\nwhat is the capital of france\nmy landlord kept my deposit\n",
    "categories/bread.toml": (
        'key = "bread"\ntitle = "Bread"\ndescription = "About bread."\n'
        'examples = [\n  "is the bread fresh",\n  "rye bread?",\n  "sourdough",\n  "sliced loaf",\n  "got rolls"\n]\n\n'
        '[[facts]]\nid = "bread.baked"\ntext = "We bake at 5 every morning."\n'
        'questions = ["when do you bake", "is it fresh today", "baking times"]\n'
    ),
    "categories/hours.toml": (
        'key = "hours"\ntitle = "Hours"\ndescription = "When we open."\n'
        'examples = [\n  "are you open",\n  "sunday?",\n  "closing time",\n  "open late",\n  "holiday hours"\n]\n\n'
        '[[facts]]\nid = "hours.week"\ntext = "Open Monday to Friday, 6 to 18."\n'
        'questions = ["when do you open", "when do you close", "opening hours"]\n\n'
        '[[facts]]\nid = "hours.sunday"\ntext = "Closed on Sundays."\n'
        'questions = ["open on sunday", "sunday opening", "weekend hours"]\n'
    ),
}


@pytest.fixture(scope="session")
def cache_dir(data_dir: Path) -> Path:
    return data_dir / "router"


@pytest.fixture(scope="session")
def encoder(cache_dir: Path) -> Encoder:
    return Encoder.load(cache_dir)


@pytest.fixture(scope="session")
def router(cache_dir: Path) -> Router:
    return Router.open(SUPPORT, cache_dir)


@pytest.fixture
def pack_dir(tmp_path: Path) -> Path:
    """A valid pack of two categories and three facts."""
    folder = tmp_path / "small"
    for name, text in SMALL.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def export_dir(cache_dir: Path, encoder: Encoder) -> Path:
    """The encoder's export of the session; copy it before spoiling it."""
    return encoder.folder


@pytest.fixture
def own_cache(tmp_path: Path, export_dir: Path) -> Path:
    """A cache of the test's own that holds the export already."""
    cache = tmp_path / "cache"
    shutil.copytree(export_dir, cache / export_dir.name)
    return cache

"""docs/figures.md names the command of every figure, and every measurement is on a page."""

import re
from pathlib import Path

from tests.docs.pages import PAGES

PAGE = Path("docs/figures.md").read_text()


def test_every_section_names_its_command() -> None:
    for section in PAGE.split("\n## ")[1:]:
        assert re.search(r"`(?:python -m bench|firstline)", section), section.partition("\n")[0]


def test_every_measurement_is_on_the_figures_page() -> None:
    runnable = {path.stem for path in Path("bench").glob("*.py") if '__name__ == "__main__"' in path.read_text()}
    named = set(re.findall(r"python -m bench\.(\w+)", PAGE))
    assert runnable - named == {"peer", "router"}
    assert "firstline bench router" in PAGE, "which runs bench/router.py, and that runs peer.py"


def test_a_figure_is_the_same_on_every_page() -> None:
    """A share with its interval, as a summary repeats it, stands on the page of its topic too."""
    others = "".join(page.read_text() for page in PAGES if page.name not in {"figures.md", "README.md"})
    shares = set(re.findall(r"\d+\.\d % \[[\d., ]+\]", PAGE))
    assert len(shares) > 10
    assert [share for share in shares if share not in others] == []

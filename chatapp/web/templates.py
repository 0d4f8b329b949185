"""The Jinja environment: filters, static addresses with a content hash, and fragments as strings."""

import hashlib
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from chatapp.paths import STATIC, TEMPLATES
from chatapp.web.formatting.markdown import dollars, number, percent, seconds


@cache
def static_url(name: str) -> str:
    """The address of a file in `static/`, with its content's hash, so that it may be cached for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


class Templates:
    """Renders pages and fragments. A name that the context lacks is an error, never an empty string.

    Every address in a template begins with `{{ root }}`, the path that the product is served under ("" or `/chat`).
    """

    def __init__(self, root: str = "") -> None:
        self.root = root
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(seconds=seconds, dollars=dollars, percent=percent, number=number)
        self._environment.globals.update(root=root, static=lambda name: root + static_url(name))

    def render(self, name: str, **context: Any) -> str:
        """The page or fragment as text."""
        return self._environment.get_template(name).render(**context)

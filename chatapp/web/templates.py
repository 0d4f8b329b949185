"""The Jinja environment: filters, static addresses with a content hash, and fragments as strings."""

import hashlib
from dataclasses import fields
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from chatapp.paths import STATIC, TEMPLATES
from chatapp.web.contexts import PageContext
from chatapp.web.formatting.figures import dollars, number, percent, seconds


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
        self.environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters.update(seconds=seconds, dollars=dollars, percent=percent, number=number)
        self.environment.globals.update(root=root, static=lambda name: root + static_url(name))

    def page(self, context: PageContext) -> str:
        """A whole page, by the one thing that its template is given."""
        return self.render(context.template, **{field.name: getattr(context, field.name) for field in fields(context)})

    def render(self, name: str, **context: Any) -> str:
        """A fragment."""
        return self.environment.get_template(name).render(**context)

"""A page's context and its template are one contract: what the template names is given, and what is given is used."""

import ast
from dataclasses import fields
from pathlib import Path

import pytest
from jinja2 import Environment, meta, nodes

from chatapp.web import contexts
from chatapp.web.contexts import ChatContext, ErrorContext, OpsContext, PageContext, ThreadContext
from chatapp.web.templates import Templates

PAGES = (ChatContext, OpsContext, ThreadContext, ErrorContext)


def names(environment: Environment, template: str) -> set[str]:
    """What a template and all that it extends or includes takes from its context."""
    assert environment.loader
    parsed = environment.parse(environment.loader.get_source(environment, template)[0])
    own = {node.name for node in parsed.find_all(nodes.Macro)}
    own |= {name for node in parsed.find_all(nodes.FromImport) for name in node.names if isinstance(name, str)}
    found = meta.find_undeclared_variables(parsed) - own
    for node in parsed.find_all((nodes.Extends, nodes.Include)):
        assert isinstance(node.template, nodes.Const), "only a template that is named can be read ahead"
        found |= names(environment, node.template.value)
    return found


@pytest.mark.parametrize("context", PAGES, ids=lambda context: context.template)
def test_a_template_names_what_its_context_gives_and_the_context_gives_what_is_named(
    context: type[PageContext],
) -> None:
    environment = Templates().environment
    given = {field.name for field in fields(context)}
    local = {"turn"}  # of the loop around a turn's fragments
    assert names(environment, context.template) - set(environment.globals) - local == given


@pytest.mark.parametrize("context", PAGES, ids=lambda context: context.template)
def test_every_field_says_what_it_is(context: type[PageContext]) -> None:
    tree = ast.parse(Path(contexts.__file__).read_text())
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == context.__name__)
    own = [index for index, node in enumerate(body) if isinstance(node, ast.AnnAssign) and node.value is None]
    for index in own:
        said = body[index + 1]
        assert isinstance(said, ast.Expr), ast.unparse(body[index])
        assert isinstance(said.value, ast.Constant), ast.unparse(body[index])


def test_every_page_has_a_context() -> None:
    whole = {path.name for path in Path("templates").glob("*.html") if '{% extends "base.html" %}' in path.read_text()}
    assert whole == {context.template for context in PAGES}


def test_a_page_without_a_part_of_its_context_is_refused() -> None:
    with pytest.raises(TypeError, match="words"):
        ErrorContext(theme="", shop="A shop")  # type: ignore[call-arg]

"""Every command on a page exists, with the options and as many arguments as the page gives it."""

import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from chatapp.cli import app
from tests.docs.pages import Code, blocks, inline

PROGRAM: Any = typer.main.get_command(app)
ASSIGNMENT = re.compile(r"[A-Z_]+=.*")
ELISION = {"…", "..."}


def problem(words: list[str]) -> str:
    """What is wrong with a command line of `firstline` as a page writes it; empty if nothing is."""
    command, words = PROGRAM, words[1:]
    while hasattr(command, "commands") and words and words[0] not in ELISION:
        if words[0] not in command.commands:
            return "" if words[0].startswith("-") else f"no command {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    return "" if hasattr(command, "commands") else wrong_arguments(command, words)


def wrong_arguments(command: Any, words: list[str]) -> str:
    """An option that the command does not have, or more arguments than it takes; empty if all fit."""
    options = {name: option for option in command.params for name in option.opts if name.startswith("-")}
    most, given, rest = sum(one.param_type_name == "argument" for one in command.params), 0, iter(words)
    for word in rest:
        name, _, value = word.partition("=")
        if not word.startswith("-") or word == "-":
            given += word not in ELISION
        elif name not in {*options, "--help"}:
            return f"no option {name!r}"
        elif not value and name in options and not options[name].is_flag:
            next(rest, None)
    return f"{given} arguments, and it takes {most}" if given > most else ""


def lines(code: Code) -> list[str]:
    """The command lines in a piece of code, without what stands before a pipe or `&&`."""
    text = code.text.replace("\\\n", " ")
    return [part.strip() for line in text.splitlines() for part in re.split(r"\s(?:&&|\|)\s", line) if part.strip()]


def words_of(line: str) -> list[str]:
    words = shlex.split(line, comments=True)
    while words and (ASSIGNMENT.fullmatch(words[0]) or words[0] == "export"):
        words = words[1:]
    return words


def alternatives(text: str) -> list[list[str]]:
    """`firstline finetune gate | promote` as the two commands that it stands for."""
    first, *rest = (part.split() for part in text.split(" | "))
    return [first, *([*first[: len(first) - 1], *other] for other in rest)]


BLOCK_COMMANDS = [
    words
    for code in blocks("sh", "")
    for line in lines(code)
    if (words := words_of(line)) and not words[0].startswith("{")
]
LINE_COMMANDS = [
    words
    for code in inline()
    if code.text.startswith(("firstline ", "make ", "python -m "))
    for words in alternatives(code.text)
]


@pytest.mark.parametrize("words", BLOCK_COMMANDS + LINE_COMMANDS, ids=" ".join)
def test_the_command_exists(words: list[str]) -> None:
    if words[0] == "firstline":
        assert problem(words) == ""
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", Path("Makefile").read_text(), re.MULTILINE)
    elif words[:2] == ["python", "-m"]:
        assert importlib.util.find_spec(words[2]) is not None


def test_there_are_many_to_look_at() -> None:
    assert sum(words[0] == "firstline" for words in BLOCK_COMMANDS) > 20
    assert sum(words[0] == "firstline" for words in LINE_COMMANDS) > 20


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("firstline bake", "no command 'bake'"),
        ("firstline router bake", "no command 'bake'"),
        ("firstline route hello --loud", "no option '--loud'"),
        ("firstline route hello again", "2 arguments, and it takes 1"),
        ("firstline route hello --mode hybrid", ""),
        ("firstline finetune …", ""),
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str, wrong: str) -> None:
    assert problem(line.split()) == wrong

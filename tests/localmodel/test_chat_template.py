"""Chat templates as models bring them: what one refuses is folded, and one that takes nothing stops the start."""

import itertools
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.backends.base import ChatMessage, Request
from chatapp.backends.local.backend import LocalBackend
from localmodel.chat_template import ChatTemplate, by_turns, folded
from localmodel.errors import ModelFileError
from localmodel.model_file import shipped_model
from localmodel.vocabulary import Vocabulary
from tests.backends.conftest import make_settings, read

EACH = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" + EACH
DROPS_SYSTEM = "{% for m in messages if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"
BY_TURNS = (
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"
)
TALK = [
    ChatMessage("system", "Be brief."),
    ChatMessage("user", "One."),
    ChatMessage("user", "Two."),
    ChatMessage("assistant", "Yes."),
    ChatMessage("user", "Three."),
]
messages = st.lists(st.builds(ChatMessage, st.sampled_from(["system", "user", "assistant"]), st.text(max_size=8)))


def template(source: str) -> ChatTemplate:
    """The template of a model that brings this one."""
    llama: Any = SimpleNamespace(
        metadata={"tokenizer.chat_template": source}, token_eos=lambda: -1, token_bos=lambda: -1
    )
    return ChatTemplate.of(llama, "own.gguf")


@pytest.mark.parametrize(
    ("source", "prompt"),
    [
        (EACH, "<system>Be brief.<user>One.<user>Two.<assistant>Yes.<user>Three.<assistant>"),
        (NO_SYSTEM, "<user>Be brief.\n\nOne.<user>Two.<assistant>Yes.<user>Three.<assistant>"),
        (DROPS_SYSTEM, "<user>Be brief.\n\nOne.<user>Two.<assistant>Yes.<user>Three.<assistant>"),
        (BY_TURNS, "<user>Be brief.\n\nOne.\n\nTwo.<assistant>Yes.<user>Three.<assistant>"),
    ],
)
def test_messages_take_the_form_that_the_template_takes(source: str, prompt: str) -> None:
    assert template(source).prompt(TALK) == prompt


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ raise_exception('no') }}", "cannot be used: ValueError"),
        ("<user>", "leaves out"),
        ("{% if %}", "cannot be read: TemplateSyntaxError"),
        ("{{ messages[0].content | unknown }}", "cannot be read: TemplateAssertionError"),
        ("", "carries no chat template"),
    ],
)
def test_a_template_that_cannot_be_used_is_one_clear_line(source: str, why: str) -> None:
    with pytest.raises(ModelFileError, match=why) as caught:
        template(source)
    assert "own.gguf" in caught.value.what
    assert "FIRSTLINE_LOCAL_MODEL" in caught.value.hint


@given(messages)
def test_folding_keeps_every_word_in_order_and_no_system_message(given: list[ChatMessage]) -> None:
    out = folded(given)
    assert all(message.role != "system" for message in out)
    assert sum(len(m.content) for m in given) <= sum(len(m.content) for m in out)
    assert [m.content for m in out if m.role == "assistant"] == [m.content for m in given if m.role == "assistant"]


@given(messages)
def test_by_turns_no_role_follows_itself(given: list[ChatMessage]) -> None:
    out = by_turns(given)
    assert all(one.role != other.role for one, other in itertools.pairwise(out))
    assert "".join(m.content for m in out).replace("\n", "") == "".join(m.content for m in given).replace("\n", "")


@pytest.fixture
def refusing(tmp_path: Path) -> Path:
    """The shipped model with a template that refuses a system message."""
    own = tmp_path / "own.gguf"
    source = NO_SYSTEM.replace("<{{ m.role }}>{{ m.content }}", "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n")
    source = source.replace("<assistant>", "<|im_start|>assistant{{ '\n' }}")
    command = [
        sys.executable,
        "-m",
        "gguf.scripts.gguf_new_metadata",
        "--chat-template",
        source,
        str(shipped_model()),
        str(own),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return own


@pytest.mark.real
async def test_a_real_model_whose_template_refuses_system(refusing: Path) -> None:
    backend = LocalBackend(make_settings(local_model=str(refusing), local_context_tokens=512, local_prompt_tokens=256))
    asked = ChatMessage("system", "You are a help desk."), ChatMessage("user", "Hello.")
    whole = ChatMessage("user", "You are a help desk.\n\nHello.")
    try:
        assert (await read(backend.stream(Request(asked, max_tokens=16)))).strip()
        assert backend.count_tokens(asked) == backend.count_tokens([whole])
        trained = Vocabulary.open(refusing)
        assert trained.tokens(trained.prompt(asked)) == list(backend.load().tokenize(asked))
        trained.close()
    finally:
        await backend.aclose()

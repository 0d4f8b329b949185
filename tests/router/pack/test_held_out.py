"""No held-out message is taught: neither word for word nor nearly so."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rapidfuzz import fuzz, process

from router.model.corpus import build_corpus
from router.pack.load import Pack, load_pack
from router.pack.overlap import fold
from router.pack.safety import read_safety_messages
from tests.router.conftest import SUPPORT

HELD_OUT = sorted(path.name for path in (SUPPORT / "eval").glob("*.jsonl"))
FEW_WORDS = 6
"""Shorter messages ("thanks a lot", "where is my parcel") are alike by nature: these may only not be the same."""
NEARLY = 92
"""Of 100: at most so much of a held-out message may be that of one that teaches."""


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(SUPPORT)


def texts(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield from (turn["text"] for turn in row["turns"]) if "turns" in row else [row["text"]]


@pytest.fixture(scope="module")
def taught(pack: Pack) -> list[str]:
    """All that the router, the encoder and the detector of danger learn from."""
    assert pack.safety
    corpus = build_corpus(pack)
    routed = [text for text, says in zip(corpus.texts, corpus.message, strict=True) if says]
    said = [said.message.text for dialogue in pack.dialogues for said in dialogue]
    danger = [message.text for message in read_safety_messages(pack.safety)]
    return [fold(text) for text in (*routed, *said, *danger)]


@pytest.mark.parametrize("name", HELD_OUT)
def test_nothing_is_taught(name: str, taught: list[str]) -> None:
    long = [fold(text) for text in texts(SUPPORT / "eval" / name) if len(text.split()) >= FEW_WORDS]
    alike = process.cdist(long, taught, scorer=fuzz.ratio, score_cutoff=NEARLY, dtype=np.uint8, workers=-1)
    found = [(long[row], taught[column]) for row, column in zip(*alike.nonzero(), strict=True)]
    assert found == []


def test_single_messages_stand_nowhere(taught: list[str]) -> None:
    known = set(taught)
    for name in ("strangers.jsonl", "messages.jsonl", "questions.jsonl", "second.jsonl", "robustness.jsonl"):
        same = [text for text in texts(SUPPORT / "eval" / name) if fold(text) in known]
        assert same == [], name

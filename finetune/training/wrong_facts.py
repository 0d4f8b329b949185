"""Examples in which the given fact does not answer: near enough to mislead, and the right answer is to say so."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from finetune.data.conversation import Conversation, Message, Role
from localmodel.prompt import GROUNDED, REFUSAL, local_prompt
from router.pack.load import Pack
from router.types import FactVoice

NEAREST = 10
ANSWERS_TOO = 70  # rapidfuzz token_set_ratio, 0 to 100: a fact that says as much of the answer may answer too


def with_wrong_facts(
    conversations: Sequence[Conversation], pack: Pack, share: float, seed: int
) -> tuple[Conversation, ...]:
    """A second example for a `share` of the grounded conversations: the same question under one of the nearest other
    facts.

    Nearest by TF-IDF over texts and example questions. A fact that contains most words of the answer is left out,
    because it may answer too. The same input gives the same examples.
    """
    from rapidfuzz.fuzz import token_set_ratio

    rng, facts = np.random.default_rng(seed), pack.facts
    row = {fact.id: number for number, fact in enumerate(facts)}
    usable = [n for n, c in enumerate(conversations) if c.fact in row and c.asked and c.answer != REFUSAL]
    chosen = rng.permutation(usable)[: round(share * len(usable))]
    order = _nearest(pack) if len(chosen) else []
    made = []
    for number in sorted(int(n) for n in chosen):
        conversation = conversations[number]
        near = [facts[i] for i in order[row[conversation.fact]][:NEAREST]]
        wrong = [
            f
            for f in near
            if f.voice is not FactVoice.VERBATIM and token_set_ratio(conversation.answer, f.text) < ANSWERS_TOO
        ]
        if wrong:
            fact = wrong[int(rng.integers(len(wrong)))]
            made.append(_refused(conversation, pack.persona, fact.text))
    return tuple(made)


def _refused(conversation: Conversation, persona: str, text: str) -> Conversation:
    asked = local_prompt(persona, text, conversation.asked, GROUNDED)
    prompt = (Message(Role(said.role), said.content) for said in asked)
    return replace(conversation, messages=(*prompt, Message(Role.ASSISTANT, REFUSAL)))


def _nearest(pack: Pack) -> list[list[int]]:
    """For each fact the numbers of the others, nearest first."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [" ".join((fact.text, *fact.questions)) for fact in pack.facts]
    rows = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    alike = (rows @ rows.T).toarray()
    np.fill_diagonal(alike, -1)
    return [[int(i) for i in np.argsort(-line, kind="stable")[:-1]] for line in alike]

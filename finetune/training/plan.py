"""What a run learns from and what its loss is measured on: conversations, split in two and cut into tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from finetune.data.conversation import Conversation, Message, Place, Role
from finetune.errors import DataError
from finetune.training.base import Base
from finetune.training.examples import Example, encode_all
from finetune.training.recipe import Recipe
from finetune.training.wrong_facts import with_wrong_facts
from localmodel.prompt import REFUSAL
from router.pack.load import Pack

LEAST = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """Examples to learn from, and held out for the loss. No conversation has turns on both sides."""

    learnt: tuple[Example, ...]
    held_out: tuple[Example, ...]


def plan(conversations: Sequence[Conversation], pack: Pack, base: Base, recipe: Recipe) -> Plan:
    """Split the conversations, add examples with a wrong fact on each side or leave every refusal out, and encode them.

    A conversation without a system message gets the pack's persona. The same input gives the same plan. Raises
    DataError.
    """
    if not recipe.wrong_facts:
        conversations = [conversation for conversation in conversations if conversation.answer != REFUSAL]
    if len(conversations) < LEAST:
        raise DataError(
            f"There are {len(conversations)} training conversations.", f"Write {LEAST} or more; 100 to 1,000 are usual."
        )
    places = list(dict.fromkeys(conversation.place for conversation in conversations))
    chosen = np.random.default_rng(recipe.seed).permutation(len(places))[: max(1, round(len(places) * recipe.held_out))]
    aside = {places[int(number)] for number in chosen}
    return Plan(
        learnt=_side(conversations, pack, base, recipe, {place for place in places if place not in aside}),
        held_out=_side(conversations, pack, base, recipe, aside),
    )


def _side(
    conversations: Sequence[Conversation], pack: Pack, base: Base, recipe: Recipe, places: set[Place]
) -> tuple[Example, ...]:
    mine = [conversation for conversation in conversations if conversation.place in places]
    said = [*mine, *with_wrong_facts(mine, pack, recipe.wrong_facts, recipe.seed)]
    longest = min(recipe.max_tokens, base.context_tokens)
    return encode_all((with_persona(one, pack.persona) for one in said), base.vocabulary, longest)


def with_persona(conversation: Conversation, persona: str) -> Conversation:
    """The conversation, begun with the persona where it has no system message of its own."""
    if conversation.messages[0].role is Role.SYSTEM:
        return conversation
    return replace(conversation, messages=(Message(Role.SYSTEM, persona.strip()), *conversation.messages))

"""Examples of a fact that does not answer."""

from pathlib import Path

import pytest

from finetune.data.conversation import Conversation, Message, Place, Role
from finetune.training.wrong_facts import with_wrong_facts
from localmodel.prompt import GROUNDED, REFUSAL, local_prompt
from router.pack.load import Pack
from router.types import FactVoice


def _grounded(pack: Pack, number: int, answer: str = "") -> Conversation:
    fact = pack.facts[number]
    asked = fact.questions[0]
    prompt = local_prompt(pack.persona, fact.text, asked, GROUNDED)
    said = (*(Message(Role(one.role), one.content) for one in prompt), Message(Role.ASSISTANT, answer or fact.text))
    return Conversation(said, Place(Path("train.jsonl"), number + 1), fact.id, asked)


@pytest.fixture
def conversations(support: Pack) -> list[Conversation]:
    return [
        _grounded(support, number)
        for number in range(0, 60, 2)
        if support.facts[number].voice is not FactVoice.VERBATIM
    ]


def test_the_question_stands_under_another_fact_and_is_refused(
    support: Pack, conversations: list[Conversation]
) -> None:
    made = with_wrong_facts(conversations, support, 1.0, 7)
    assert len(made) == len(conversations)
    for right, wrong in zip(conversations, made, strict=True):
        assert (wrong.answer, wrong.asked, wrong.place) == (REFUSAL, right.asked, right.place)
        (asked,) = (message.content for message in wrong.messages if message.role is Role.USER)
        text, _, question = asked.removeprefix("Text: ").partition("\n\nCustomer: ")
        assert text in {
            fact.text for fact in support.facts if fact.id != right.fact and fact.voice is not FactVoice.VERBATIM
        }
        assert question == right.asked
        assert wrong.messages[0] == right.messages[0]


def test_most_wrong_facts_are_of_the_same_category(support: Pack, conversations: list[Conversation]) -> None:
    category = {fact.text: fact.id.partition(".")[0] for fact in support.facts}
    made = with_wrong_facts(conversations, support, 1.0, 7)
    texts = [one.messages[1].content.removeprefix("Text: ").partition("\n\nCustomer: ")[0] for one in made]
    near = [category[text] == one.category for text, one in zip(texts, made, strict=True)]
    assert sum(near) > len(near) / 2


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_a_share_of_the_conversations_the_same_each_time(
    support: Pack, conversations: list[Conversation], share: float
) -> None:
    made = with_wrong_facts(conversations, support, share, 7)
    assert len(made) == round(share * len(conversations))
    assert made == with_wrong_facts(conversations, support, share, 7)
    if made:
        assert made != with_wrong_facts(conversations, support, share, 8)


def test_refusals_and_conversations_without_a_fact_give_none(support: Pack, conversations: list[Conversation]) -> None:
    refused = _grounded(support, 0, REFUSAL)
    plain = Conversation((Message(Role.USER, "Hi"), Message(Role.ASSISTANT, "Hello.")), Place(Path("talk.jsonl"), 1))
    assert with_wrong_facts([refused, plain], support, 1.0, 7) == ()


def test_a_fact_that_says_the_answer_too_is_not_taken_for_wrong(
    support: Pack, conversations: list[Conversation]
) -> None:
    wrong = with_wrong_facts(conversations[:1], support, 1.0, 7)[0].messages[1].content.partition("Text: ")[2]
    number = next(number for number, fact in enumerate(support.facts) if fact.id == conversations[0].fact)
    said_there = [_grounded(support, number, wrong)]
    for seed in range(30):
        (one,) = with_wrong_facts(said_there, support, 1.0, seed)
        assert wrong not in one.messages[1].content

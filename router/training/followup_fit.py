"""Learn from a pack's dialogues when a message needs the one before as context."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

import numpy as np

from language import Language
from router.arrays import Floats, Vectors
from router.pack.dialogues import Dialogue
from router.pack.labelled import Labelled
from router.text.clean import clean
from router.text.followup import FollowUpModel, before, signs, strength, together_with
from router.types import Scores

MIN_FOLLOW_UPS = 100  # labelled follow-ups from which the regression is fitted on them
_C = 0.1
_WORDING_SCALE = 10.0  # of the unit vectors beside the standardised signs, so that the ridge weighs them alike
_CHANGES = 300  # changes of subject made up of labelled traffic, each counting half
_CHANGE_WEIGHT = 0.5
_SEED = 7


def fit_follow_up(
    dialogues: Sequence[Dialogue],
    traffic: Sequence[Labelled],
    score: Callable[[str, Vectors], Scores],
    encode: Callable[[list[str]], Vectors],
    language: Language | None,
) -> FollowUpModel | None:
    """The regression fitted on the follow-ups of the dialogues; None when they are too few or all alike.

    Messages of `traffic`, one after another at random, are changes of subject: further ones that need no context.
    `score` takes a text and its vector, `encode` texts; each text is given to them once.
    """
    from sklearn.linear_model import LogisticRegression

    said = follow_ups(dialogues, language)
    needs_context = np.array([needs_context for _, _, needs_context in said])
    if len(said) < MIN_FOLLOW_UPS or needs_context.all() or not needs_context.any():
        return None
    changes = _changes(traffic, language)
    pairs = [(text, earlier) for text, earlier, _ in said] + changes
    texts = list(dict.fromkeys(text for pair in pairs for text in _read(*pair)))
    vectors = dict(zip(texts, encode(texts), strict=True))
    scores = cache(lambda text: score(text, vectors[text]))
    rows = np.stack([_signs(text, earlier, scores, vectors, language) for text, earlier in pairs])
    wordings = np.stack([vectors[text] for text, _ in pairs])
    labels = np.concatenate([needs_context, np.zeros(len(changes), np.bool_)])
    counts = np.where(np.arange(len(rows)) < len(said), 1.0, _CHANGE_WEIGHT)
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    seen = np.concatenate([(rows - mean) / scale, _WORDING_SCALE * wordings], axis=1)
    model = LogisticRegression(C=_C, max_iter=2000).fit(seen, labels, sample_weight=counts)
    weights, wording = np.split(model.coef_[0], [rows.shape[1]])
    return FollowUpModel(mean, scale, weights, _WORDING_SCALE * wording, model.intercept_)


def follow_ups(dialogues: Sequence[Dialogue], language: Language | None) -> list[tuple[str, tuple[str, ...], bool]]:
    """Each message that may need context, clean, with what it may have to be read with, and whether it does.

    Thanks and goodbyes do not: there is nothing in them to answer.
    """
    found = []
    for dialogue in dialogues:
        texts = [clean(said.message.text) for said in dialogue]
        for number, said in enumerate(dialogue):
            earlier = before(texts[number], texts[:number], language)
            if earlier:
                found.append((texts[number], earlier, said.needs_context and not said.closing))
    return found


def _changes(traffic: Sequence[Labelled], language: Language | None) -> list[tuple[str, tuple[str, ...]]]:
    """Pairs of in-scope messages, every other pair of one category."""
    rng = np.random.default_rng(_SEED)
    in_scope = [message for message in traffic if message.category is not None]
    pairs = []
    for number in range(_CHANGES if len(in_scope) > 1 else 0):
        message = in_scope[int(rng.integers(len(in_scope)))]
        same = [other for other in in_scope if other.category == message.category]
        pool = same if number % 2 else in_scope
        other = pool[int(rng.integers(len(pool)))]
        earlier = before(clean(message.text), [clean(other.text)], language)
        pairs += [(clean(message.text), earlier)] if earlier else []
    return pairs


def _read(text: str, earlier: tuple[str, ...]) -> Iterator[str]:
    """All that is read of a pair: the message, what it may need, and it with each of these."""
    yield text
    for one in earlier:
        yield one
        yield together_with(one, text)


def _signs(
    text: str,
    earlier: tuple[str, ...],
    score: Callable[[str], Scores],
    vectors: Mapping[str, Vectors],
    language: Language | None,
) -> Floats:
    together = max((score(together_with(one, text)) for one in earlier), key=strength)
    return signs(text, score(text), together, float(vectors[text] @ vectors[earlier[0]]), language)

"""Learn how danger sounds, and open what was learnt: an encoder tuned on labelled messages, and a softmax over it.

A fifth of the messages teaches nothing: on it the threshold is set, and the figures are measured.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from router.arrays import Vectors
from router.bundle import read_bundle, write_bundle
from router.danger import Danger, DangerModel
from router.encoder.encoder import ADAPTER, Encoder, shipped_model, silent
from router.encoder.lora import Recipe, Report, tune
from router.errors import PackError
from router.model.corpus import build_corpus
from router.pack.load import Pack
from router.pack.safety import SAFETY_REMEDY, Safety, SafetyMessage, read_safety_messages
from router.policy.thresholds import floored
from router.stats import Share
from router.text.clean import clean

RECIPE = Recipe(rank=64, learning_rate=5e-4, batch=32, epochs=2)
FALSE_ALARMS = 0.0075
"""At most this share of the held-out look-alikes is taken for danger: what the threshold is set by. The pack's own
messages do not set it, for some of them are real: people threaten a shop with their lawyers."""

SEED, HELD_SHARE, OWN_MESSAGES = 7, 5, 4_000
HEAD = "head"
_AGAIN = "Copy the folder from the shipped pack, or run `firstline safety tune`."


@dataclass(frozen=True, slots=True)
class SafetyFigures:
    """Of messages that taught nothing: which of those that tell of danger are `caught`, all and by kind, and which of
    the caught are taken for their own kind; `false_alarms` among look-alikes, and among the pack's own messages.
    """

    caught: Share
    kinds: dict[str, Share]
    own_kind: Share
    false_alarms: Share
    own_false_alarms: Share


def open_danger(pack: Pack, cache_dir: Path | str, tell: Callable[[str], object] = silent) -> Danger | None:
    """What tells the pack's messages of danger; None for a pack that has no `safety.toml`.

    Raises PackError where its folder lacks what was learnt, or a kind that was learnt has no text; and EncoderError.
    """
    safety = pack.safety
    if safety is None:
        return None
    if not (safety.folder / ADAPTER).is_file():
        raise PackError(f"{safety.folder}: what was learnt of danger is not there.", _AGAIN)
    model = read_bundle(safety.folder / HEAD, _assemble, _AGAIN)
    silent_on = set(model.kinds) - {kind.key for kind in safety.kinds}
    if silent_on:
        what = f"{safety.folder}: messages of {', '.join(sorted(silent_on))} are told; safety.toml has none."
        raise PackError(what, "Write [[kinds]] with a text and contacts for each.")
    return Danger(safety, model, Encoder.load(cache_dir, None, safety.folder, tell).encode_one)


def tune_safety(pack: Pack, report: Report, recipe: Recipe = RECIPE) -> SafetyFigures:
    """Learn from the messages in the pack's `safety/`, with the pack's own for harmless ones, and write it there.

    Raises PackError where the pack has no `safety.toml` or too few messages, and EncoderError.
    """
    safety = pack.safety
    if safety is None:
        raise PackError(f"{pack.folder}: no safety.toml.", SAFETY_REMEDY)
    labelled, own = read_safety_messages(safety), _own(pack)
    learnt, held = _parted(labelled)
    own_learnt, own_held = _parted(own)
    with tempfile.TemporaryDirectory() as scratch:
        adapter = Path(scratch) / "adapter"
        model, encoder = _learn(safety, (*learnt, *own_learnt), adapter, report, recipe)
        unsure = Danger(safety, model, encoder.encode_one)
        look_alikes = [unsure.find(clean(message.text))[1] for message in held if message.kind is None]
        model = replace(model, threshold=_threshold(look_alikes))
        figures = measure(Danger(safety, model, encoder.encode_one), held, own_held)
        for file in adapter.iterdir():
            (safety.folder / file.name).write_bytes(file.read_bytes())
    arrays = {"weights": model.weights, "bias": model.bias}
    write_bundle(safety.folder / HEAD, arrays, {"kinds": model.kinds, "threshold": model.threshold})
    return figures


def measure(danger: Danger, messages: Sequence[SafetyMessage], own: Sequence[SafetyMessage] = ()) -> SafetyFigures:
    """The figures of labelled messages that taught nothing."""
    found = [danger.find(clean(message.text))[0] for message in messages]
    told = [(message.kind, kind.key if kind else None) for message, kind in zip(messages, found, strict=True)]
    caught = [(kind, said) for kind, said in told if kind and said]
    by_kind = {kind: [said for label, said in told if label == kind] for kind in danger.model.kinds}
    harmless = [said for kind, said in told if kind is None]
    alarms = [danger.find(clean(message.text))[0] for message in own]
    return SafetyFigures(
        caught=Share(len(caught), sum(kind is not None for kind, _ in told)),
        kinds={kind: Share(sum(one is not None for one in said), len(said)) for kind, said in by_kind.items()},
        own_kind=Share(sum(kind == said for kind, said in caught), len(caught)),
        false_alarms=Share(sum(said is not None for said in harmless), len(harmless)),
        own_false_alarms=Share(sum(kind is not None for kind in alarms), len(alarms)),
    )


def _assemble(arrays: dict[str, Any], meta: dict[str, Any]) -> DangerModel:
    return DangerModel(tuple(meta["kinds"]), arrays["weights"], arrays["bias"], float(meta["threshold"]))


def _own(pack: Pack) -> tuple[SafetyMessage, ...]:
    """Messages of the pack's own, which are no look-alikes: the longest, which tell stories, and a random sample."""
    texts = sorted(set(build_corpus(pack).texts), key=lambda text: (-len(text), text))
    long, rest = texts[: OWN_MESSAGES // 2], texts[OWN_MESSAGES // 2 :]
    chosen = np.random.default_rng(SEED).permutation(len(rest))[: OWN_MESSAGES - len(long)]
    return tuple(SafetyMessage(text, None) for text in (*long, *(rest[row] for row in chosen)))


def _parted(messages: Sequence[SafetyMessage]) -> tuple[list[SafetyMessage], list[SafetyMessage]]:
    """What teaches, and every fifth of each kind, at random, which does not."""
    shuffled = [messages[row] for row in np.random.default_rng(SEED).permutation(len(messages))]
    by_kind = sorted(shuffled, key=lambda message: message.kind or "")
    held = by_kind[::HELD_SHARE]
    return [message for number, message in enumerate(by_kind) if number % HELD_SHARE], held


def _learn(
    safety: Safety, messages: Sequence[SafetyMessage], adapter: Path, report: Report, recipe: Recipe
) -> tuple[DangerModel, Encoder]:
    from sklearn.linear_model import LogisticRegression

    kinds = tuple(kind.key for kind in safety.kinds)
    texts = [clean(message.text) for message in messages]
    labels: NDArray[np.int64] = np.array([kinds.index(m.kind) + 1 if m.kind else 0 for m in messages])
    tune(shipped_model(), texts, [labels], adapter, recipe, report)
    encoder = Encoder.load(adapter.parent, None, adapter)
    vectors: Vectors = encoder.encode(texts)
    head = LogisticRegression(C=1.0, max_iter=2000).fit(vectors, labels)
    return DangerModel(kinds, head.coef_, head.intercept_, threshold=1.0), encoder


def _threshold(harmless: Sequence[float]) -> float:
    """The lowest that at most `FALSE_ALARMS` of these probabilities reach, to four places."""
    surest_first = sorted(harmless, reverse=True)
    return min(1.0, floored(surest_first[int(FALSE_ALARMS * len(harmless))]) + 1e-4)

"""The router: a message in, a decision out, in a few milliseconds and without a model call."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from router.danger import Danger
from router.encoder.encoder import Encoder, silent
from router.model.classifier import Classifier
from router.model.corpus import build_corpus
from router.outcomes.model import OutcomeModel
from router.pack.load import Pack, load_pack
from router.policy.ask import asked_back, chosen, given, titled
from router.policy.policy import Policy, decide
from router.reader import Reader
from router.text.clean import clean
from router.text.followup import FollowUpModel, unlearnt
from router.text.typos import Slips
from router.training.artefact import Artefact, artefact_folder, load_artefact, save_artefact
from router.training.build import build
from router.training.safety import open_danger
from router.types import Circumstances, Decision, FactVoice, ScoredFact, Scores

_ALONE = Circumstances()


class Router:
    """Routes messages. Pure, synchronous and thread-safe once open: it does no I/O and has no state that changes."""

    def __init__(
        self,
        pack: Pack,
        encoder: Encoder,
        classifier: Classifier,
        policy: Policy,
        follow_up: FollowUpModel | None = None,
        outcomes: OutcomeModel | None = None,
        danger: Danger | None = None,
    ) -> None:
        for category in pack.categories:
            policy.threshold(category.key)
        self.pack, self.encoder, self.classifier, self.policy = pack, encoder, classifier, policy
        self.follow_up, self.outcomes, self.danger = follow_up or unlearnt(pack.rules), outcomes, danger
        self._facts = {fact.id: fact for fact in pack.facts}
        self._titles = {fact.id: fact.title for fact in pack.facts if fact.title}
        courtesies = frozenset(fact.id for fact in pack.facts if fact.voice is not FactVoice.PHRASED)
        talking = (category.facts for category in pack.categories if category.small_talk)
        small_talk = frozenset(fact.id for facts in talking for fact in facts)
        self._reader = Reader(
            encoder, classifier, self.follow_up, outcomes, courtesies, small_talk, language=pack.rules
        )
        self._slips = Slips(build_corpus(pack).texts, encoder.knows)

    @classmethod
    def open(
        cls,
        pack_path: Path | str,
        cache_dir: Path | str,
        encoder: Encoder | None = None,
        tell: Callable[[str], object] = silent,
    ) -> "Router":
        """Load the pack in `pack_path` and the models trained for it under `cache_dir`. If there are none, train them,
        which takes a minute or two; `tell` gets a line for the user first.

        Raises PackError, EncoderError or ArtefactError.
        """
        pack = load_pack(pack_path)
        encoder = encoder or Encoder.load(cache_dir, pack.encoder, pack.adapter, tell)
        artefact = _artefact(pack, encoder, Path(cache_dir), tell)
        return cls(
            pack,
            encoder,
            artefact.classifier,
            artefact.policy,
            artefact.follow_up,
            danger=open_danger(pack, cache_dir, tell),
        )

    def with_policy(self, policy: Policy) -> "Router":
        """The same router under another policy. Raises PolicyError when it lacks a category of the pack."""
        return Router(self.pack, self.encoder, self.classifier, policy, self.follow_up, self.outcomes, self.danger)

    def with_outcomes(self, outcomes: OutcomeModel | None) -> "Router":
        """The same router, which also estimates how likely the local model is to answer well."""
        return Router(self.pack, self.encoder, self.classifier, self.policy, self.follow_up, outcomes, self.danger)

    def decide(
        self,
        text: str,
        turns: Sequence[str] = (),
        circumstances: Circumstances = _ALONE,
        *,
        question: Decision | None = None,
    ) -> Decision:
        """Route `text`. `turns` are the user's earlier messages, oldest first. Any string is accepted.

        A message of danger is decided before anything else, and by no policy. `question` is the decision to ask back
        that the message comes right after: it may answer that.
        """
        began = time.perf_counter()
        decision = self.danger.decide(clean(text), circumstances) if self.danger else None
        decision = decision or self._chosen(clean(text), question, circumstances)
        if decision is None:
            decision = decide(self.scores(text, turns), self.policy, circumstances)
            decision = asked_back(decision, self._titles) if circumstances.may_ask else decision
        return replace(decision, policy=self.policy.version, elapsed_ms=(time.perf_counter() - began) * 1000)

    def titles(self, facts: Sequence[ScoredFact]) -> tuple[str, ...]:
        """The titles of facts that are offered; without those that the pack no longer has."""
        return tuple(self._titles[fact.id] for fact in facts if fact.id in self._titles)

    def _chosen(self, text: str, question: Decision | None, circumstances: Circumstances) -> Decision | None:
        """The decision for the fact whose title the message is, or which of the `question` before it means."""
        offered = (
            {fact.id: self._titles[fact.id] for fact in question.options if fact.id in self._titles} if question else {}
        )
        name = titled(text, self._titles) or chosen(text, offered, self.pack.rules)
        return given(self._facts[name], self.policy, circumstances) if name else None

    def scores(self, text: str, turns: Sequence[str] = ()) -> Scores:
        """The scores of `text`, before any policy; the turn before is its context where it needs one."""
        return self._reader.scores(self._slips.correct(clean(text)), turns)


def _artefact(pack: Pack, encoder: Encoder, cache_dir: Path, tell: Callable[[str], object]) -> Artefact:
    folder = artefact_folder(cache_dir, pack.content_hash, encoder.fingerprint)
    artefact = load_artefact(folder)
    if artefact is None:
        tell(f"Training the router for the pack {pack.name!r}, once: a minute or two for ten thousand messages …")
        artefact = build(pack, encoder).artefact
        save_artefact(artefact, folder)
    return artefact

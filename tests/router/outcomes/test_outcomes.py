"""Learning from outcomes, on made-up ones: what it finds, when it declines, and what it says of strangers."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from router.bundle import ARRAYS, META
from router.encoder.encoder import Encoder
from router.errors import ArtefactError
from router.outcomes.file import load_outcomes, outcomes_folder, save_outcomes
from router.outcomes.model import OutcomeModel
from router.outcomes.verdicts import (
    MAX_OUTCOMES,
    Outcome,
    OutcomeSource,
    TooFew,
    _folds,
    cross_validate,
    fit_outcomes,
    too_few,
)
from router.router import Router
from router.types import Circumstances, Mode, ReasonCode, Route, ScoredFact, Scores

SIZE = 16
CLOUD = Circumstances(Mode.HYBRID, cloud_connected=True)
AWAY = np.eye(SIZE, dtype=np.float32)[SIZE - 1]


@dataclass
class Fake:
    """The first two components say which of two words a text has; the last is never used, the others are noise."""

    fingerprint: str = "made-up"

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        return np.stack([self.one(text) for text in texts])

    def one(self, text: str) -> NDArray[np.float32]:
        noise = np.random.default_rng(abs(sum(map(ord, text)))).normal(size=SIZE) * 0.3
        noise[:2], noise[-1] = (3.0 * ("tent" in text), 3.0 * ("boot" in text)), 0.0
        return (noise / np.linalg.norm(noise)).astype(np.float32)


def outcomes(n: int, good: object = None, seed: int = 0) -> list[Outcome]:
    """`n` outcomes; by default those of the fact `b.bad` are bad, and one in ten besides."""
    chance = np.random.default_rng(seed)
    made = []
    for number in range(n):
        word, fact = chance.choice(["tent", "boot"]), str(chance.choice(["a.one", "a.two", "b.bad"]))
        well = fact != "b.bad" if good is None else good(word, fact, chance)  # type: ignore[operator]
        made.append(
            Outcome(
                text=f"{word} {number} {chance.integers(10**6)}",
                category=fact[0],
                fact_id=fact,
                in_scope=float(chance.uniform(0.6, 1)),
                best_fact=float(chance.uniform(0.2, 1)),
                no_fact=float(chance.uniform(0, 0.3)),
                good=bool(well and chance.random() > 0.1),
                source=OutcomeSource.FEEDBACK,
            )
        )
    return made


def fitted(made: list[Outcome]) -> OutcomeModel:
    model = fit_outcomes(made, Fake())
    assert isinstance(model, OutcomeModel)
    return model


def scores(fact: str, category: str = "", in_scope: float = 0.9) -> Scores:
    return Scores(category or fact[0], 0.9, in_scope, 0.1, (ScoredFact(fact, "", 0.8),), ())


@pytest.fixture(scope="module")
def model() -> OutcomeModel:
    return fitted(outcomes(300))


def test_a_fact_that_goes_badly_is_found(model: OutcomeModel) -> None:
    vector = Fake().one("boot 3")
    assert model.answers_well(scores("b.bad"), vector) < 0.35
    assert model.answers_well(scores("a.one"), vector) > 0.75


def test_words_that_go_badly_are_found_where_they_matter() -> None:
    by_word = fitted(outcomes(300, lambda word, _fact, _chance: word == "boot"))
    assert by_word.of_vector.any()
    assert by_word.answers_well(scores("a.one"), Fake().one("tent 1")) < 0.3
    assert by_word.answers_well(scores("a.one"), Fake().one("boot 1")) > 0.7


def test_noise_teaches_nothing() -> None:
    noise = outcomes(200, lambda _word, _fact, chance: chance.random() < 0.7)
    found, quality = fitted(noise), cross_validate(noise, Fake())
    assert not isinstance(quality, TooFew)
    assert quality.auroc.low < 0.5 < quality.auroc.high
    assert quality.log_loss < quality.base_log_loss + 0.02
    assert found.answers_well(scores("b.bad"), Fake().one("tent 1")) == pytest.approx(found.base_rate, abs=0.12)


def test_a_message_unlike_all_others_gets_the_base_rate(model: OutcomeModel) -> None:
    assert model.answers_well(scores("b.bad"), AWAY) == pytest.approx(model.base_rate, abs=1e-6)
    known = Fake().one("boot 3").astype(np.float64)
    ways = [np.cos(angle) * known + np.sin(angle) * AWAY for angle in np.linspace(0, np.pi / 2, 20)]
    distances = [abs(model.answers_well(scores("b.bad"), way.astype(np.float32)) - model.base_rate) for way in ways]
    assert distances[0] > 0.2
    assert max(abs(np.diff(distances))) < 0.1


def test_names_and_scores_never_seen_are_no_trouble(model: OutcomeModel) -> None:
    vector = Fake().one("boot 3")
    strange = model.answers_well(scores("new.fact", "new"), vector)
    assert model.answers_well(scores("b.bad"), vector) < strange < model.answers_well(scores("a.one"), vector)
    assert model.answers_well(replace(scores("a.one"), facts=()), vector) > 0
    far, near = (model.answers_well(scores("a.one", in_scope=value), vector) for value in (0.0001, 0.6))
    assert far == pytest.approx(near, abs=0.02)


@cache
def _shared() -> OutcomeModel:
    return fitted(outcomes(150))


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["a.one", "b.bad", "x.new"]), st.integers(0, 10_000))
def test_a_chance_is_a_chance(in_scope: float, no_fact: float, fact: str, seed: int) -> None:
    vector = np.random.default_rng(seed).normal(size=SIZE)
    found = replace(scores(fact, in_scope=in_scope), no_fact=no_fact)
    chance = _shared().answers_well(found, (vector / np.linalg.norm(vector)).astype(np.float32))
    assert 0 <= chance <= 1


def test_the_same_outcomes_give_the_same_model() -> None:
    one, other = _shared(), fitted(outcomes(150))
    assert one.slope == other.slope
    assert np.array_equal(one.of_fact, other.of_fact)


def test_cross_validated_figures() -> None:
    quality = cross_validate(outcomes(200), Fake())
    assert not isinstance(quality, TooFew)
    assert quality.outcomes == 200
    assert quality.log_loss < quality.base_log_loss - 0.1
    assert quality.auroc.low > 0.7
    assert quality.base_rate == pytest.approx(quality.good / 200)


def test_surer_verdicts_count_more() -> None:
    half = outcomes(200, lambda *_: True)
    glanced = [replace(one, text=f"x{one.text}", good=False, source=OutcomeSource.SECOND_LOOK) for one in half]
    assert fitted(half + glanced).base_rate == pytest.approx(0.9 / 1.4, abs=0.03)


@pytest.mark.parametrize(("n", "bad"), [(0, 0), (99, 30), (300, 19), (300, 281)])
def test_too_few(n: int, bad: int) -> None:
    made = [replace(one, good=number >= bad) for number, one in enumerate(outcomes(n))]
    few = fit_outcomes(made, Fake())
    assert few == cross_validate(made, Fake()) == too_few(made) == TooFew(n, n - bad, bad)
    assert str(few) == (
        f"{n} outcomes ({n - bad} good, {bad} bad) are too few: 100 are needed, at least 20 of each kind."
    )


def test_a_message_that_is_repeated_counts_once_and_stays_in_its_fold() -> None:
    made = outcomes(50)
    assert fit_outcomes(made * 10, Fake()) == too_few(made)
    folds = _folds(made * 2)
    assert np.array_equal(folds[:50], folds[50:])


def test_the_oldest_are_forgotten() -> None:
    old = [replace(one, text=f"old {one.text}", good=False) for one in outcomes(500)]
    new = outcomes(MAX_OUTCOMES)
    assert fitted(old + new).base_rate == fitted(new).base_rate


def test_saved_and_loaded(model: OutcomeModel, tmp_path: Path) -> None:
    folder = outcomes_folder(tmp_path, Path("packs/support"))
    assert folder.name == "outcomes-support"
    assert load_outcomes(folder, "made-up") is None
    save_outcomes(model, "made-up", folder)
    again = load_outcomes(folder, "made-up")
    assert again is not None
    vector = Fake().one("tent 5")
    assert again.answers_well(scores("a.two"), vector) == model.answers_well(scores("a.two"), vector)
    assert (again.categories, again.fact_ids) == (model.categories, model.fact_ids)


def test_another_encoder_is_refused(model: OutcomeModel, tmp_path: Path) -> None:
    save_outcomes(model, "made-up", tmp_path / "a")
    with pytest.raises(ArtefactError, match=r"for the encoder 'made-up', not 'other'.*router learn"):
        load_outcomes(tmp_path / "a", "other")


@pytest.mark.parametrize("damage", ["cut", "no arrays", "no meta", "list"])
def test_damage_is_told(model: OutcomeModel, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "a"
    save_outcomes(model, "made-up", folder)
    if damage == "cut":
        (folder / ARRAYS).write_bytes((folder / ARRAYS).read_bytes()[:-9])
    elif damage == "list":
        (folder / META).write_text("[]")
    else:
        (folder / (ARRAYS if damage == "no arrays" else META)).unlink()
    with pytest.raises(ArtefactError, match="router learn"):
        load_outcomes(folder, "made-up")


def test_no_place_to_write(model: OutcomeModel, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtefactError, match="cannot be written"):
        save_outcomes(model, "made-up", tmp_path / "file" / "a")


def test_the_router_says_and_the_policy_heeds_it(
    pack_dir: Path, tmp_path: Path, encoder: Encoder, model: OutcomeModel
) -> None:
    size = len(encoder.encode_one("x"))
    sceptic = replace(model, base_rate=0.3, centre=np.zeros(size), of_vector=np.zeros(size), slope=0.0, offset=-1.0)
    sceptic = replace(sceptic, unseen=np.zeros((size, size), dtype=np.float32))
    plain = Router.open(pack_dir, tmp_path / "cache", encoder)
    plain = plain.with_policy(
        replace(plain.policy, thresholds=dict.fromkeys(("bread", "hours"), 0.0), fact_threshold=0)
    )
    text = "open on sunday"
    assert plain.decide(text).answers_well is None
    told = plain.with_outcomes(sceptic)
    assert told.decide(text).route is Route.LOCAL
    assert told.decide(text).answers_well == pytest.approx(1 / (1 + np.e))
    heeded = told.with_policy(replace(told.policy, answer_threshold=0.5)).decide(text, (), CLOUD)
    assert (heeded.route, heeded.facts) == (Route.CLOUD, ())
    assert heeded.reasons[-1].code is ReasonCode.WEAK_LOCALLY

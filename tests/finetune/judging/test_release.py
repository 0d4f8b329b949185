"""What serves changes in one step, and back."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from finetune.errors import RunError
from finetune.training.recipe import Recipe, Schedule
from finetune.training.recipe_file import grid, resolve_recipe
from localmodel import release
from localmodel.errors import ReleaseError
from localmodel.release import ADAPTER, CURRENT, LOCK, LOG, POLICY, Release, Releases, ship, shipped

PACK = Release("pack")


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(tmp_path / "releases", PACK)


def _files(tmp_path: Path, name: str, policy: bool = False) -> dict[str, Path]:
    (tmp_path / name).write_text(name)
    files = {ADAPTER: tmp_path / name}
    if policy:
        (tmp_path / "p").write_text("policy")
        files[POLICY] = tmp_path / "p"
    return files


def test_what_a_pack_ships_serves_when_nothing_was_promoted(releases: Releases) -> None:
    assert releases.current() == PACK
    with pytest.raises(ReleaseError, match="nothing was promoted before it"):
        releases.rollback(who="me", why="no")


def test_a_pack_ships_all_of_a_release_or_what_it_did(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    ship(_files(tmp_path, "one", policy=True), pack, "pack")
    assert (pack / ADAPTER).read_text() == "one"
    with pytest.raises(ReleaseError, match="cannot be written"):
        ship(_files(tmp_path, "two") | {POLICY: tmp_path / "absent"}, pack, shipped(pack).id)
    assert sorted(path.name for path in pack.iterdir()) == [ADAPTER, POLICY]
    assert (pack / ADAPTER).read_text() == "one"


def test_a_pack_ships_what_was_held_against_what_it_brings(tmp_path: Path, releases: Releases) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    one, two = _files(tmp_path, "one"), _files(tmp_path, "two")
    promoted = releases.promote(one, who="a", why="b", replaces=PACK.id)
    ship(one, pack, PACK.id)
    with pytest.raises(ReleaseError, match="was held against 'pack'"):
        ship(two, pack, PACK.id)
    ship(two, pack, promoted.id)  # which is what the pack brings, promoted
    assert (pack / ADAPTER).read_text() == "two"


def test_what_serves_can_be_rolled_back_when_its_files_are_gone(tmp_path: Path, releases: Releases) -> None:
    first = releases.promote(_files(tmp_path, "one"), who="a", why="b", replaces=PACK.id)
    second = releases.promote(_files(tmp_path, "two"), who="a", why="b", replaces=first.id)
    (releases.folder / second.id / ADAPTER).unlink()
    with pytest.raises(ReleaseError, match="is missing"):
        releases.current()
    assert releases.serves == second.id
    (releases.folder / first.id / ADAPTER).rename(tmp_path / "kept")
    with pytest.raises(ReleaseError, match="is missing"):
        releases.rollback(who="a", why="b")
    assert releases.serves == second.id
    (tmp_path / "kept").rename(releases.folder / first.id / ADAPTER)
    assert releases.rollback(who="a", why="b") == first


def test_what_a_pack_ships_has_another_name_when_it_is_another(tmp_path: Path) -> None:
    assert shipped(tmp_path) == PACK
    names = set()
    for content in ("one", "two"):
        (tmp_path / ADAPTER).write_text(content)
        names.add(shipped(tmp_path).id)
    assert len(names) == 2


def test_a_promotion_serves_and_a_rollback_puts_back_what_did_before(releases: Releases, tmp_path: Path) -> None:
    stamps = {releases.stamp}
    first = releases.promote(_files(tmp_path, "one", policy=True), who="ann", why="better", replaces=PACK.id)
    stamps.add(releases.stamp)
    assert releases.current() == first
    assert first.adapter
    assert first.adapter.read_text() == "one"
    assert first.policy
    second = releases.promote(_files(tmp_path, "two"), who="ann", why="better still", replaces=first.id)
    stamps.add(releases.stamp)
    assert releases.current() == second
    assert second.policy is None
    assert releases.rollback(who="bob", why="complaints") == first
    stamps.add(releases.stamp)
    assert len(stamps) == 4
    assert releases.rollback(who="bob", why="more complaints") == PACK
    log = [json.loads(line) for line in (releases.folder / LOG).read_text().splitlines()]
    assert [(one["step"], one["serves"], one["replaced"]) for one in log] == [
        ("promote", first.id, PACK.id),
        ("promote", second.id, first.id),
        ("rollback", first.id, second.id),
        ("rollback", PACK.id, first.id),
    ]


def test_a_candidate_that_was_held_against_another_is_refused(releases: Releases, tmp_path: Path) -> None:
    first = releases.promote(_files(tmp_path, "one"), who="a", why="b", replaces=PACK.id)
    with pytest.raises(ReleaseError, match="serves now, not 'pack'"):
        releases.promote(_files(tmp_path, "two"), who="a", why="b", replaces=PACK.id)
    with pytest.raises(ReleaseError, match="was promoted already"):
        releases.promote(_files(tmp_path, "one"), who="a", why="b", replaces=first.id)
    assert releases.current() == first


def test_of_two_promotions_at_once_one_is_told_of_the_other(releases: Releases, tmp_path: Path) -> None:
    def promote(name: str) -> str:
        try:
            return releases.promote(_files(tmp_path, name), who="a", why="b", replaces=PACK.id).id
        except ReleaseError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(promote, [f"candidate {number}" for number in range(8)]))
    (won,) = [line for line in said if line.startswith("r-")]
    assert releases.serves == won
    assert sum("serves now, not 'pack'" in line for line in said) == 7
    assert len((releases.folder / LOG).read_text().splitlines()) == 1


def test_a_change_that_another_one_holds_up_says_so(
    releases: Releases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "_PATIENCE_S", 0.1)
    releases.folder.mkdir()
    with FileLock(releases.folder / LOCK), pytest.raises(ReleaseError, match="is under way"):
        releases.promote(_files(tmp_path, "one"), who="a", why="b", replaces=PACK.id)
    assert releases.current() == PACK


def test_a_disk_that_is_full_leaves_what_served(
    releases: Releases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = releases.promote(_files(tmp_path, "one"), who="a", why="b", replaces=PACK.id)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ReleaseError, match="No space left on device"):
        releases.promote(_files(tmp_path, "two"), who="a", why="b", replaces=first.id)
    with pytest.raises(ReleaseError, match="No space left on device"):
        releases.rollback(who="a", why="b")
    assert releases.current() == first
    assert not list(releases.folder.glob(".current*"))


def test_a_damaged_folder_is_told(releases: Releases, tmp_path: Path) -> None:
    first = releases.promote(_files(tmp_path, "one"), who="a", why="b", replaces=PACK.id)
    assert first.adapter
    first.adapter.unlink()
    with pytest.raises(ReleaseError, match="is missing"):
        releases.current()
    (releases.folder / CURRENT).write_text("{")
    with pytest.raises(ReleaseError, match="cannot be read"):
        releases.current()


def test_the_command_line_goes_before_the_pack_and_the_pack_before_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "recipe.toml").write_text('epochs = 6\nrank = 8\nschedule = "linear"\n')
    recipe, sources = resolve_recipe(tmp_path, ["rank=4", "learning-rate=2e-4"])
    assert (recipe.epochs, recipe.rank, recipe.learning_rate, recipe.schedule) == (6.0, 4, 2e-4, Schedule.LINEAR)
    assert recipe.alpha == Recipe().alpha
    assert sources == {"epochs": "pack", "schedule": "pack", "rank": "command line", "learning_rate": "command line"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("rank", "'rank' is no setting"),
        ("rnak=8", "no setting 'rnak'"),
        ("rank=many", "rank is 'many'"),
        ("rank=0", "rank is 0"),
        ("schedule=steep", "schedule is 'steep'"),
        ("learning_rate=nan", "learning_rate is nan"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told(tmp_path: Path, given: str, said: str) -> None:
    with pytest.raises(RunError, match=said):
        resolve_recipe(tmp_path, [given])


def test_a_recipe_that_is_no_toml_is_told(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "recipe.toml").write_text("epochs 6")
    with pytest.raises(RunError, match=r"recipe.toml cannot be read"):
        resolve_recipe(tmp_path)


def test_a_grid_is_every_combination() -> None:
    points = grid(Recipe(), ["rank=4,8", "learning_rate=1e-4,1e-3,1e-2"])
    assert len(points) == 6
    assert points[0] == {"rank": 4, "learning_rate": 1e-4}
    with pytest.raises(RunError, match="nothing to sweep"):
        grid(Recipe(), [])
    with pytest.raises(RunError, match="rank is 0"):
        grid(Recipe(), ["rank=0,8"])

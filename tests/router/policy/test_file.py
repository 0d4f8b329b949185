"""A policy file: what is written is read, and what does not fit is refused with file, line and remedy."""

import json
import string
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import PolicyError
from router.pack.load import load_pack
from router.policy.file import MadeFor, Stated, check, made_for, read_policy, write_policy
from router.policy.policy import Policy
from router.router import Router
from tests.router.stand_in import StandInEncoder

shares = st.floats(0, 1)
maybe = st.none() | shares
keys = st.text(string.ascii_lowercase + "_-.\" '\\é", min_size=1).filter(lambda key: key.strip() == key)
said = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.strip() == text)
hashes = st.text("0123456789abcdef", min_size=8, max_size=16)
FITS = MadeFor("e" * 16, "c" * 16, "p" * 16)


@given(
    st.dictionaries(keys, shares, min_size=1),
    shares,
    st.builds(Stated, maybe, maybe, maybe, st.lists(said).map(tuple)),
    st.builds(MadeFor, hashes, hashes, hashes, st.just("") | hashes),
)
def test_what_is_written_is_read(thresholds: dict[str, float], fact: float, stated: Stated, fits: MadeFor) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, policy = Path(folder) / "policy.toml", Policy(thresholds, fact)
        write_policy(path, policy, stated, fits)
        file = read_policy(path)
        assert (file.policy, file.version, file.stated, file.made_for) == (policy, policy.version, stated, fits)
        assert json.loads(json.dumps(dict(file.policy.thresholds))) == thresholds
        first = path.read_bytes()
        write_policy(path, file.policy, file.stated, file.made_for)
        assert path.read_bytes() == first
        assert [each.name for each in Path(folder).iterdir()] == ["policy.toml"]


def test_whole_numbers_are_thresholds_too(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    write_policy(path, Policy({"a": 1}, 0), Stated(), FITS)
    assert read_policy(path).policy.thresholds == {"a": 1.0}


def test_it_is_small_and_readable(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    write_policy(path, Policy({"b": 0.5, "a": 0.25}, 0.75), Stated(0.05, None, 0.9, ('Say "so".',)), FITS)
    version = Policy({"b": 0.5, "a": 0.25}, 0.75).version
    assert path.read_text() == (
        "# Written by `firstline router calibrate` or `firstline finetune eval`; FIRSTLINE_POLICY names it.\n"
        f'version = "{version}"\nfact_threshold = 0.75\n\n[thresholds]\na = 0.25\nb = 0.5\n\n'
        '[promise]\nrisk = 0.05\nconfidence = 0.9\nstatements = [\n  "Say \\"so\\".",\n]\n\n'
        f'[made_for]\nencoder = "{"e" * 16}"\nclassifier = "{"c" * 16}"\npack = "{"p" * 16}"\n'
    )


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("fact_threshold = 0.75", "fact_threshold = 1.5", 3, "'fact_threshold' is 1.5"),
        ("fact_threshold = 0.75", "fact_threshold = ", 3, "not valid TOML"),
        ("fact_threshold = 0.75", "", 1, "'fact_threshold' is missing"),
        ("a = 0.25", "a = -0.1", 6, "'a' is -0.1"),
        ("a = 0.25", 'a = "high"', 6, "'a' is 'high'"),
        ("a = 0.25", "a = nan", 6, "'a' is nan"),
        ("a = 0.25", "a = 0.3", 2, "is not the version of these thresholds"),
        ("[thresholds]", "[thresholds.x]", 1, "'x' is {"),
        ("version", "versoin", 2, "unknown key 'versoin'"),
        ("[made_for]", "[made]", 16, "unknown key 'made'"),
        ("classifier", "clasifier", 18, "unknown key 'clasifier'"),
        ('encoder = "eeeeeeeeeeeeeeee"\n', "", 16, "'encoder' is missing"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    path = tmp_path / "policy.toml"
    write_policy(path, Policy({"a": 0.25, "b": 0.5}, 0.75), Stated(0.05, None, 0.9, ("So.",)), FITS)
    _edit(path, old, new)
    with pytest.raises(PolicyError) as caught:
        read_policy(path)
    assert caught.value.what.startswith(f"{path}:{line}: ")
    assert what in caught.value.what
    assert caught.value.hint


def test_a_file_that_is_not_there_and_one_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read") as caught:
        read_policy(tmp_path / "none.toml")
    assert caught.value.hint == "Write one with `firstline router calibrate --out`, or unset the setting."
    with pytest.raises(PolicyError, match="cannot be written"):
        write_policy(tmp_path / "no" / "policy.toml", Policy({}, 0.5), Stated(), FITS)
    (tmp_path / "taken").mkdir()
    with pytest.raises(PolicyError, match="cannot be written"):
        write_policy(tmp_path / "taken", Policy({}, 0.5), Stated(), FITS)
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


@pytest.fixture
def small(pack_dir: Path, tmp_path: Path) -> Router:
    return Router.open(pack_dir, tmp_path / "cache", StandInEncoder())


Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path, small: Router) -> Written:
    """Writes a policy for the small router, some of its hashes changed."""

    def write(policy: Policy = Policy({"bread": 0.4, "hours": 0.6}, 0.2), **changed: str) -> Path:  # noqa: B008
        fits = replace(made_for(small.pack, small.encoder), **changed)
        write_policy(tmp_path / "policy.toml", policy, Stated(), fits)
        return tmp_path / "policy.toml"

    return write


def test_a_policy_that_fits_is_in_force(small: Router, written: Written) -> None:
    file = read_policy(written())
    check(file, small.pack, small.encoder)
    assert small.with_policy(file.policy).decide("when do you open").policy == file.version


def test_a_change_of_persona_does_not_matter_and_one_of_texts_does(
    small: Router, written: Written, pack_dir: Path
) -> None:
    file = read_policy(written())
    _edit(pack_dir / "pack.toml", "Be brief.", "Be kind.")
    check(file, load_pack(pack_dir), small.encoder)
    _edit(pack_dir / "out_of_scope.txt", "write a poem", "write a song")
    with pytest.raises(PolicyError, match="made for the classifier"):
        check(file, load_pack(pack_dir), small.encoder)


@pytest.mark.parametrize("name", ["encoder", "classifier"])
def test_another_encoder_or_classifier_is_refused(small: Router, written: Written, name: str) -> None:
    path = written(**{name: "another"})
    with pytest.raises(PolicyError, match=f"made for the {name} 'another'") as caught:
        check(read_policy(path), small.pack, small.encoder)
    assert caught.value.what.startswith(f"{path}:")
    assert path.read_text().splitlines()[int(caught.value.what.split(":")[1]) - 1].startswith(name)
    assert "firstline router calibrate" in caught.value.hint


@pytest.mark.parametrize(
    ("thresholds", "line", "what"),
    [({"bread": 0.4, "cakes": 0.1, "hours": 0.6}, 7, "no category 'cakes'"), ({"bread": 0.4}, 5, "'hours' is missing")],
)
def test_other_categories_are_refused(
    small: Router, written: Written, thresholds: dict[str, float], line: int, what: str
) -> None:
    path = written(Policy(thresholds, 0.2))
    with pytest.raises(PolicyError, match=what) as caught:
        check(read_policy(path), small.pack, small.encoder)
    assert caught.value.what.startswith(f"{path}:{line}: ")


def test_the_thresholds_that_the_shipped_pack_carries_fit_it(router: Router) -> None:
    check(read_policy(Path("packs/support/policy.toml")), router.pack, router.encoder)

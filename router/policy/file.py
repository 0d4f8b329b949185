"""A policy as a file: short, readable, and byte-equal for equal contents, so that a diff shows what changed.

version = "9fcf65f6"
fact_threshold = 0.9279

[thresholds]            # in scope, by category
[promise]               # risk or local, confidence, statements
[made_for]              # encoder, classifier, pack, local_model
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from localmodel.atomic_files import whole
from router.encoder.encoder import Encoder
from router.errors import PackError, PolicyError
from router.model.corpus import build_corpus
from router.pack.load import Pack
from router.pack.source import Source
from router.pack.toml_table import Table
from router.policy.policy import Policy
from router.versions import SCORING_VERSION

_AGAIN = "Run `firstline router calibrate` for this pack and name the new file."
_KEYS = ("version", "fact_threshold", "thresholds", "promise", "made_for")
_PROMISE = ("risk", "local", "confidence", "statements")
_MADE_FOR = ("encoder", "classifier", "pack", "local_model")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class MadeFor:
    """Hashes of what the thresholds were chosen for. `local_model` is empty where it does not matter.

    `classifier` hashes its training data, not its arrays, so that the same pack gives the same hash on every machine.
    """

    encoder: str
    classifier: str
    pack: str
    local_model: str = ""


@dataclass(frozen=True, slots=True)
class Stated:
    """What the policy was calibrated for: a risk, a local share, or neither; and the statements about it."""

    risk: float | None = None
    local: float | None = None
    confidence: float | None = None
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy file that has been read. `version` is the one written in it."""

    source: Source
    version: str
    policy: Policy
    stated: Stated
    made_for: MadeFor


def made_for(pack: Pack, encoder: Encoder, local_model: str = "") -> MadeFor:
    """The hashes of a pack, its encoder and its classifier."""
    return MadeFor(encoder.fingerprint, _classifier_hash(pack, encoder), pack.content_hash[:16], local_model)


def write_policy(path: Path, policy: Policy, stated: Stated, fits: MadeFor) -> None:
    """Write the file whole or not at all. Raises PolicyError when the disk does not let it.

    The answer threshold is not in it: that is a setting of its own.
    """
    try:
        with whole(path) as fresh:
            fresh.write_text(_text(policy, stated, fits), encoding="utf-8", newline="\n")
            fresh.chmod(0o644)
    except OSError as error:
        raise PolicyError(
            f"{path} cannot be written ({error.strerror}).", "Name a file in a writable folder."
        ) from None


def read_policy(path: Path) -> PolicyFile:
    """Read a policy file. Raises PolicyError: `file:line: what`, and a remedy."""
    try:
        source = Source.read(path, "Write one with `firstline router calibrate --out`, or unset the setting.")
        return _parse(source)
    except PackError as error:
        raise PolicyError(error.what, error.hint) from None


def check(file: PolicyFile, pack: Pack, encoder: Encoder) -> None:
    """Refuse a policy that was not made for this pack and encoder: their scores mean something else.

    A pack whose texts have changed without touching what is trained (a persona, a contact) is no reason. Raises
    PolicyError: `file:line: what`, and a remedy.
    """
    _check_categories(file, tuple(category.key for category in pack.categories))
    found = made_for(pack, encoder)
    _check_same(file, "encoder", file.made_for.encoder, found.encoder)
    _check_same(file, "classifier", file.made_for.classifier, found.classifier)


def _check_categories(file: PolicyFile, keys: tuple[str, ...]) -> None:
    for key in file.policy.thresholds:
        if key not in keys:
            raise _error(file.source, "thresholds", key, f"the pack has no category {key!r}.", _AGAIN)
    for key in keys:
        if key not in file.policy.thresholds:
            raise _error(file.source, "thresholds", "", f"category {key!r} is missing.", _AGAIN)


def _check_same(file: PolicyFile, name: str, written: str, found: str) -> None:
    if written != found:
        raise _error(file.source, "made_for", name, f"made for the {name} {written!r}, but this is {found!r}.", _AGAIN)


def _parse(source: Source) -> PolicyFile:
    table = Table(source, source.toml(), _KEYS)
    policy = Policy(_thresholds(table), _share(table, "fact_threshold"))
    version = table.text("version")
    if version != policy.version:
        hint = f"If the edit is meant, write {policy.version!r} and take its [promise] out; else calibrate again."
        raise _error(source, "", "version", f"{version!r} is not the version of these thresholds.", hint)
    return PolicyFile(source, version, policy, _stated(table), _made_for(table))


def _thresholds(table: Table) -> dict[str, float]:
    data = table.data.get("thresholds", {})
    inner = table.table("thresholds", data if isinstance(data, dict) else ())
    return {key: _share(inner, key) for key in inner.data}


def _stated(table: Table) -> Stated:
    promise = table.table("promise", _PROMISE)
    risk, local, confidence = (promise.share(name) for name in _PROMISE[:3])
    return Stated(risk, local, confidence, promise.texts("statements"))


def _made_for(table: Table) -> MadeFor:
    inner = table.table("made_for", _MADE_FOR)
    encoder, classifier, pack = (inner.text(name) for name in _MADE_FOR[:3])
    return MadeFor(encoder, classifier, pack, inner.text("local_model", ""))


def _share(table: Table, key: str) -> float:
    value = table.share(key)
    if value is None:
        raise table.error(key, f"{key!r} is missing.", "Write a number from 0 to 1.")
    return value


def _text(policy: Policy, stated: Stated, fits: MadeFor) -> str:
    exact = Policy({key: float(value) for key, value in policy.thresholds.items()}, float(policy.fact_threshold))
    asked = {"risk": stated.risk, "local": stated.local, "confidence": stated.confidence}
    lines = [
        "# Written by `firstline router calibrate` or `firstline finetune eval`; FIRSTLINE_POLICY names it.",
        f"version = {_string(exact.version)}",
        f"fact_threshold = {exact.fact_threshold!r}",
        *_table("thresholds", {key: repr(exact.thresholds[key]) for key in sorted(exact.thresholds)}),
        *_table("promise", {name: repr(float(value)) for name, value in asked.items() if value is not None}),
        "statements = [",
        *(f"  {_string(said)}," for said in stated.statements),
        "]",
        *_table("made_for", {n: _string(v) for n, v in zip(_MADE_FOR, astuple(fits), strict=True) if v}),
    ]
    return "\n".join(lines) + "\n"


def _table(name: str, values: Mapping[str, str]) -> list[str]:
    keys = ((key if _BARE.fullmatch(key) else _string(key), value) for key, value in values.items())
    return ["", f"[{name}]", *(f"{key} = {value}" for key, value in keys)]


def _string(value: str) -> str:
    """A TOML basic string: JSON's, but for the one control character that JSON lets stand."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _classifier_hash(pack: Pack, encoder: Encoder) -> str:
    corpus = build_corpus(pack)
    digest = hashlib.sha256(f"{SCORING_VERSION}\0{encoder.fingerprint}".encode())
    names = [[category.key for category in pack.categories], [fact.id for fact in pack.facts], corpus.texts]
    digest.update(json.dumps(names).encode())
    for array in (corpus.category, corpus.fact, corpus.answers, corpus.message, corpus.calibration):
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def _error(source: Source, table: str, key: str, what: str, hint: str) -> PolicyError:
    """A PolicyError at the key's line in `[table]`, or else at the table's; "" is what stands before any table."""
    lines = source.text.splitlines()
    start = next((n for n, line in enumerate(lines, 1) if line.strip() == f"[{table}]"), 1)
    names = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""")
    line = next((n for n, line in enumerate(lines[start - 1 :], start) if key and names.match(line)), start)
    return PolicyError(f"{source.path}:{line}: {what}", hint)

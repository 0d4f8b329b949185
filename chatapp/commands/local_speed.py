"""`firstline bench local`: how fast a local model is on this machine."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer

from chatapp.assembly.active_release import open_releases
from chatapp.backends.local.backend import engine_options
from chatapp.backends.local.faults import as_operators_error
from chatapp.backends.local.model import model_file
from chatapp.errors import SettingError
from chatapp.evaluation.local_speed import Fact, Speed, measure
from chatapp.paths import pack_folder
from chatapp.settings import Settings, load_settings
from chatapp.turn.prompts import local_messages
from engine import Engine, EngineOptions
from localmodel.adapter import FORM_KEY, read_metadata
from router.pack.load import Pack, load_pack
from router.types import FactVoice


def bench_local(model: Path | None, streams: str, questions: int, *, as_json: bool) -> None:
    """Measure `model`, or what serves. Raises OperatorError."""
    named = {"local_model": str(model.absolute()), "local_model_sha256": "", "adapter": "none"} if model else {}
    settings, counts = load_settings(**named), _counts(streams)
    pack = load_pack(pack_folder(settings.pack))
    adapter = None if model else _adapter(settings, pack)
    options = _options(settings, max(counts))
    with as_operators_error():
        engine = Engine(model_file(settings), options)
        try:
            facts = _facts(pack, questions, _form(engine, adapter))
            speed = measure(engine, counts, facts, adapter, settings.local_max_tokens)
        finally:
            engine.close()
    typer.echo(json.dumps(speed.as_json()) if as_json else "\n".join(_table(speed)))


def _counts(streams: str) -> tuple[int, ...]:
    try:
        counts = tuple(int(word) for word in streams.split(","))
    except ValueError:
        counts = ()
    if not counts or not all(1 <= count <= 128 for count in counts):
        raise SettingError(f"--streams is {streams!r}.", "Give numbers from 1 to 128, such as 1,2,4,8.")
    return counts


def _options(settings: Settings, most: int) -> EngineOptions:
    options = engine_options(settings)
    return replace(options, streams=max(most, options.streams), line=max(most, options.line))


def _adapter(settings: Settings, pack: Pack) -> Path | None:
    if settings.adapter:
        return None if settings.adapter == "none" else Path(settings.adapter).expanduser()
    return open_releases(settings, pack).current().adapter


def _form(engine: Engine, adapter: Path | None) -> str:
    return (read_metadata(adapter) if adapter else engine.metadata).get(FORM_KEY, "")


def _facts(pack: Pack, count: int, form: str) -> Sequence[Fact]:
    """Example questions of the pack with their facts, evenly spread."""
    phrased = [fact for fact in pack.facts if fact.voice is FactVoice.PHRASED and fact.questions]
    chosen = [phrased[at * len(phrased) // count] for at in range(min(count, len(phrased)))]
    return [Fact(local_messages(pack.persona, fact.text, fact.questions[0], form), fact.text) for fact in chosen]


def _table(speed: Speed) -> list[str]:
    """For people."""
    answers = speed.answers
    return [
        f"{'streams':>7s} {'prefill tokens/s':>17s} {'decode tokens/s':>16s}",
        *(
            f"{row.streams:7d} {row.prefill_tokens_per_s:17.0f} {row.decode_tokens_per_s:16.0f}"
            for row in speed.streams
        ),
        "",
        f"One answer at a time, with its fact as the draft, {answers.questions} questions:",
        f"  first word {answers.first_word_ms:.0f} ms, whole answer {answers.whole_answer_ms:.0f} ms "
        f"(p95 {answers.whole_answer_p95_ms:.0f} ms), {answers.answer_tokens:.0f} tokens in {answers.passes:.0f} "
        f"passes, {answers.accepted_a_pass:.1f} tokens of the draft accepted a pass",
        f"Resident memory {speed.resident_bytes / 2**20:.0f} MiB, at its peak {speed.peak_bytes / 2**20:.0f} MiB",
    ]

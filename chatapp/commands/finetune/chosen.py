"""What a command is about: the pack, a run of it, and the held-out questions."""

from pathlib import Path

from chatapp.backends.local.model import model_hash
from chatapp.commands.router.packs import chosen_pack
from chatapp.errors import OperatorError
from chatapp.settings import load_settings
from finetune.training.run_folder import Run, read_run, read_runs
from localmodel.atomic_files import sha256
from localmodel.release import ADAPTER, POLICY
from router.pack.load import Pack, load_pack


def runs_folder(pack: str) -> Path:
    """Where the runs of a pack lie."""
    return load_settings().data_dir / "finetune" / pack


def chosen_run(pack: Path | None, run: str | None) -> tuple[Pack, Run]:
    """The pack, and the run named, else the newest that came to its end. Raises OperatorError and RunError, also where
    the run is of another model than the one that is served.
    """
    loaded = load_pack(chosen_pack(pack))
    folder = runs_folder(loaded.name)
    if run:
        done = read_run(Path(run) if Path(run).is_dir() else folder / run)
    else:
        ended = [one for one in read_runs(folder) if (one.folder / ADAPTER).is_file()]
        if not ended:
            raise OperatorError(f"No run in {folder} has come to its end.", "Run `firstline finetune run` first.")
        done = ended[0]
    if done.base_sha256 != model_hash(load_settings()):
        raise OperatorError(
            f"{done.id} was trained on {done.base_name} (SHA-256 {done.base_sha256[:12]}…), which is not served.",
            "Name that file in FIRSTLINE_LOCAL_MODEL, or train on the one that is served.",
        )
    return loaded, done


def questions_of(pack: Pack) -> Path:
    """The file of the pack's held-out questions."""
    return pack.folder / "eval" / "questions.jsonl"


def adapter_of(done: Run) -> Path:
    """The run's adapter. Raises OperatorError where it has none."""
    path = done.folder / ADAPTER
    if not path.is_file():
        raise OperatorError(f"The run {done.id!r} has no adapter: {done.status}.", "Run it to its end first.")
    return path


def made_of(pack: Pack, done: Run, questions: Path) -> dict[str, str]:
    """What an evaluation of this run would rest on: SHA-256 by name, empty for a missing file."""
    files = {"questions": questions, "adapter": done.folder / ADAPTER, "policy": done.folder / POLICY}
    hashes = {name: sha256(path) if path.is_file() else "" for name, path in files.items()}
    return {"pack": pack.content_hash} | hashes

"""What serves, what served before, and the step from one to the other.

    <folder>/current.json          the stack of releases, the newest last; replaced in one step
    <folder>/log.jsonl             who put which into service, when and why
    <folder>/<id>/                 adapter.gguf, policy.toml, MODEL_CARD.md; written once, never changed
    <folder>/.lock                 held by the process that changes any of these

A reader sees the old state or the new one, never a mixture; a process that is killed leaves the old one.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from localmodel.atomic_files import sha256, whole, write_folder, write_text
from localmodel.errors import ReleaseError

ADAPTER, POLICY, CARD = "adapter.gguf", "policy.toml", "MODEL_CARD.md"
CURRENT, LOG, LOCK = "current.json", "log.jsonl", ".lock"
_PATIENCE_S = 10.0  # a promotion copies some ten megabytes


@dataclass(frozen=True, slots=True)
class Release:
    """What answers locally: an adapter (None for the base model alone), and the policy made for it (None for the pack's
    own).
    """

    id: str
    adapter: Path | None = None
    policy: Path | None = None


def shipped(pack: Path) -> Release:
    """The release that a pack's folder contains. It serves while nothing is promoted, and is the bottom of every stack.

    Its id changes with its adapter, so an evaluation against an earlier adapter is never taken for one against this.
    """
    adapter = pack / ADAPTER
    return Release(f"pack-{sha256(adapter)[:12]}", adapter) if adapter.is_file() else Release("pack")


class Releases:
    """The releases of one pack in one data folder. Raises ReleaseError where the folder is damaged or full."""

    def __init__(self, folder: Path, shipped: Release) -> None:
        """`shipped` is what the pack brings."""
        self.folder, self.shipped = folder, shipped

    @property
    def stamp(self) -> int:
        """A number that changes with every promotion and rollback; read in a few microseconds."""
        try:
            found = os.stat(self.folder / CURRENT)
        except OSError:
            return 0
        return found.st_mtime_ns ^ found.st_ino

    @property
    def serves(self) -> str:
        """The id of what serves now, whether or not its files are sound."""
        return self._stack()[-1]

    def current(self) -> Release:
        """What serves now."""
        return self._release(self.serves)

    def promote(self, files: dict[str, Path], *, who: str, why: str, replaces: str) -> Release:
        """Put a candidate into service: `files` by the names above, the adapter among them.

        `replaces` is the id of the release that the candidate was judged against. Raises ReleaseError, and changes
        nothing, where another one serves by now.
        """
        with self._alone():
            stack = self._stack()
            if stack[-1] != replaces:
                raise ReleaseError(
                    f"{stack[-1]!r} serves now, not {replaces!r}, which the candidate was held against.",
                    "Run `firstline finetune eval` and `gate` again.",
                )
            release = f"r-{sha256(files[ADAPTER])[:12]}"
            if release in stack:
                raise ReleaseError(f"{release!r} was promoted already.", "Roll back to it, or train another candidate.")
            write_folder(self.folder / release, lambda fresh: _copy(files, fresh))
            self._switch([*stack, release], "promote", stack[-1], who, why)
        return self._release(release)

    def rollback(self, *, who: str, why: str) -> Release:
        """Put back what served before. Raises ReleaseError where nothing did."""
        with self._alone():
            stack = self._stack()
            if len(stack) == 1:
                raise ReleaseError(
                    f"{stack[-1]!r} serves, and nothing was promoted before it.",
                    "Set FIRSTLINE_ADAPTER to `none` instead.",
                )
            restored = self._release(stack[-2])
            self._switch(stack[:-1], "rollback", stack[-1], who, why)
        return restored

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Allow one change at a time across all processes; the lock of a killed process is free. OSErrors become
        ReleaseErrors.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / LOCK, timeout=_PATIENCE_S):
                yield
        except Timeout as error:
            raise ReleaseError("Another promotion or rollback is under way.", "Try again when it has ended.") from error
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def _stack(self) -> list[str]:
        path = self.folder / CURRENT
        try:
            promoted = json.loads(path.read_text(encoding="utf-8"))["releases"]
        except FileNotFoundError:
            promoted = []
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ReleaseError(
                f"{path} cannot be read: {error}.", "Restore it, or remove it to serve the pack's."
            ) from error
        return [self.shipped.id, *promoted]

    def _release(self, release: str) -> Release:
        if release == self.shipped.id:
            return self.shipped
        folder = self.folder / release
        if not (folder / ADAPTER).is_file():
            raise ReleaseError(f"{folder / ADAPTER} is missing.", "Roll back: `firstline finetune rollback`.")
        policy = folder / POLICY
        return Release(release, folder / ADAPTER, policy if policy.is_file() else None)

    def _switch(self, stack: Sequence[str], step: str, replaced: str, who: str, why: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        entry = {"at": now, "step": step, "serves": stack[-1], "replaced": replaced, "who": who, "why": why}
        with (self.folder / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry, ensure_ascii=False) + "\n")
        write_text(self.folder / CURRENT, json.dumps({"releases": list(stack[1:])}), private=True)


def ship(files: dict[str, Path], pack: Path, replaces: str) -> None:
    """Put a release into the pack's own folder: `files` by the names above, all of them or none.

    `replaces` is the id of the release that the candidate was judged against; the pack must contain it, promoted or
    not. Raises ReleaseError where it contains something else, and where the files cannot be written.
    """
    brings = shipped(pack).id
    if brings.partition("-")[2] != replaces.partition("-")[2]:
        raise ReleaseError(
            f"The pack brings {brings!r}, and the candidate was held against {replaces!r}.",
            "Roll back to what the pack brings, and run `firstline finetune eval` and `gate` again.",
        )
    try:
        with ExitStack() as all_whole:
            for name, path in files.items():
                shutil.copyfile(path, all_whole.enter_context(whole(pack / name)))
    except OSError as error:
        raise _unwritable(pack, error) from error


def _copy(files: dict[str, Path], folder: Path) -> None:
    for name, path in files.items():
        shutil.copyfile(path, folder / name)


def _unwritable(folder: Path, error: OSError) -> ReleaseError:
    return ReleaseError(f"{folder} cannot be written ({error.strerror}).", "Make room; what served before still does.")

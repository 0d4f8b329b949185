"""The router that a command works on: the one that the settings ask for, unless the command line names another."""

import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

from chatapp.assembly.open_router import open_router
from chatapp.settings import Settings, load_settings
from router.router import Router


def chosen_settings(pack: Path | None, policy: Path | None) -> Settings:
    """The settings, with the pack and the policy file named on the command line. Raises SettingError.

    A policy file of the settings is one of their pack's; it is left out for another.
    """
    named: dict[str, object] = {}
    if pack is not None:
        named = {"pack": str(pack.absolute() if pack.is_dir() else pack), "policy": ""}
    if policy is not None:
        named["policy"] = str(policy)
    return load_settings(**named)


def open_quietly(settings: Settings) -> Router:
    """Open it, training first if need be. Raises OperatorError and RouterError."""
    with redirect_stdout(sys.stderr):  # the libraries talk while the encoder is exported
        return open_router(settings)


def under(router: Router, policy: Path) -> Router:
    """The same router under the policy of a file, with the answer threshold that it has. Raises PolicyError."""
    from router.policy.file import check, read_policy

    file = read_policy(policy)
    check(file, router.pack, router.encoder)
    return router.with_policy(replace(file.policy, answer_threshold=router.policy.answer_threshold))

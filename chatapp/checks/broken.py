"""What an exception of a broken environment means, and its remedy."""

import re
import sys
from importlib import metadata

PACKAGES = {"llama_cpp": "llama-cpp-python", "sklearn": "scikit-learn", "PIL": "pillow", "yaml": "pyyaml"}
"""Modules whose package has another name."""
OURS = frozenset({"chatapp", "router", "finetune"})
_LIBRARY = re.compile(r"shared (?:library|object)|\.so\b|\.dylib\b|\.dll\b|undefined symbol|GLIBC", re.IGNORECASE)
_PIP = f"{sys.executable} -m pip install"


def explained(error: Exception) -> tuple[str, str]:
    """What happened and what to do, as far as the exception tells."""
    told = str(error) or type(error).__name__
    match error:
        case ImportError() if _LIBRARY.search(told):
            return _library(told, _module(error))
        case ModuleNotFoundError():
            return _missing(error.name or told)
        case ImportError():
            return f"A package does not fit the others: {told}", f"Install the tested versions: {_tested()}"
        case MemoryError():
            return "There is not enough memory for it.", "Free some, or choose a smaller model or context."
        case PermissionError() | FileNotFoundError() | IsADirectoryError() | NotADirectoryError() if error.filename:
            return (
                f"{str(error.filename)!r} cannot be read: {error.strerror}.",
                "Give this user the right to read and write it, or put it back.",
            )
        case _ if _LIBRARY.search(told):
            return _library(told, "llama_cpp" if "llama" in told.lower() else "")
    return (
        f"{type(error).__name__}: {told}",
        f"A library failed in a way that is not known. Try the versions that were tested: {_tested()}",
    )


def _missing(module: str) -> tuple[str, str]:
    top = module.split(".", maxsplit=1)[0]
    if top in OURS:
        return f"The file of {module!r} is missing from the program.", "Put the program's files back."
    package = PACKAGES.get(top, top.replace("_", "-"))
    return f"The package {package!r} is not installed.", f"Install it: {_PIP} {package}"


def _library(told: str, module: str) -> tuple[str, str]:
    package = PACKAGES.get(module, module.replace("_", "-"))
    again = f"{_PIP} --force-reinstall --no-cache-dir --no-deps {package}" if package else _tested()
    return f"A compiled library cannot be loaded: {told}", f"It was built for another machine, or is damaged: {again}"


def _module(error: ImportError) -> str:
    return (error.name or "").split(".")[0]


def _tested() -> str:
    return f"{_PIP} -c constraints.txt firstline"


def unmet(package: str = "firstline") -> list[str]:
    """The requirements of the program that this Python does not meet, as lines. Raises PackageNotFoundError."""
    from packaging.requirements import Requirement

    lines = []
    for line in metadata.requires(package) or ():
        needed = Requirement(line)
        if needed.marker and not needed.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(needed.name)
        except metadata.PackageNotFoundError:
            lines.append(f"{needed.name} is missing")
            continue
        if not needed.specifier.contains(found, prereleases=True):
            lines.append(f"{needed.name} is {found}, needed {needed.specifier}")
    return lines

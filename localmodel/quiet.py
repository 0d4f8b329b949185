"""No library speaks of us behind our back: what they would report, and to whom, is turned off before any is loaded.

Imported by the packages of this project before anything else of theirs. docs/local-only.md says what was found without
it, and a test traces every command for what is left.
"""

import os

SILENCE = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime: else a device id in ~/.cache, and events to its maker
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, transformers, sentence-transformers
    "DO_NOT_TRACK": "1",  # whatever else asks (consoledonottrack.com)
    "OTEL_SDK_DISABLED": "true",  # FastAPI and transformers: traces, to whatever OTEL_* in the environment names
}
"""Read by the libraries when they are imported, and therefore set here, whatever the environment says."""

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
"""No hub is asked, also not whether a file is newer there: for where nothing may be fetched."""


def silence() -> None:
    """Turn off every report that a library makes of its own accord. Libraries imported before are not reached."""
    os.environ.update(SILENCE)


def go_offline() -> None:
    """Let no library look for a model or a newer version of one in the network; paths alone are opened."""
    os.environ.update(OFFLINE)


silence()

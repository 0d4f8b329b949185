"""The parts as they are put together."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chatapp.assembly import product as module
from chatapp.assembly.active_release import Serving
from chatapp.assembly.product import build_product
from chatapp.backends.base import ChatMessage
from chatapp.errors import LocalModelError
from chatapp.settings import Settings
from router.pack.load import load_pack
from router.types import Route


class FailingLocal:
    """A local model whose every use fails."""

    model = "broken"

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def load(self) -> None:
        """Is there."""

    def count_tokens(self, messages: Any) -> int:
        raise LocalModelError("The model's chat template failed.")

    async def aclose(self) -> None:
        """Nothing to close."""


async def test_the_cloud_counts_without_the_local_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = SimpleNamespace(version="v1", thresholds={}, fact_threshold=0.5, answer_threshold=0.0)
    router = SimpleNamespace(policy=policy, pack=load_pack("packs/pip"))
    monkeypatch.setattr(module, "open_router", lambda _: router)
    monkeypatch.setattr(module, "LocalBackend", FailingLocal)
    monkeypatch.setattr(module, "Server", lambda *_: SimpleNamespace(now=lambda: Serving("pack", router)))
    built = build_product(Settings(data_dir=tmp_path, cloud_api_key="sk-x"))  # type: ignore[arg-type]
    try:
        assert built.backends[Route.CLOUD].count_tokens([ChatMessage("user", "Hello there, 你好")]) > 4
    finally:
        await built.aclose()

"""The whole application in this process, over a scripted product: no model is loaded, no port is opened."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from chatapp.backends.scripted import Script, ScriptedBackend
from chatapp.main import create_app
from chatapp.settings import Settings
from tests.web.scripted import scripted_product

Site = Callable[..., FastAPI]
Visit = Callable[..., TestClient]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Makes an application with these settings; `local` and `cloud` are what the models say."""

    def make(
        local: Script | ScriptedBackend = lambda _: "Yes.",
        cloud: Script | ScriptedBackend | None = None,
        **given: Any,
    ) -> FastAPI:
        return create_app(scripted_product(Settings(**{"data_dir": tmp_path, **given}), local, cloud))

    return make


@pytest.fixture
def visit() -> Iterator[Visit]:
    """A browser of its own at an application; what it is given further goes to its client."""
    with ExitStack() as stack:
        yield lambda app, **more: stack.enter_context(TestClient(app, **more))

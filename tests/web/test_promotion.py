"""What is told of the product is what serves now: a promotion while it runs shows at once, and so does a rollback."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gguf
import pytest
from starlette.testclient import TestClient

from chatapp.assembly.active_release import Server, open_releases
from chatapp.backends.scripted import ScriptedBackend
from chatapp.main import create_app
from chatapp.settings import Settings
from localmodel.adapter import BASE_KEY, FORM_KEY
from localmodel.model_file import SHIPPED_SHA256
from localmodel.release import ADAPTER, POLICY, Release, Releases
from router.policy.file import Stated, made_for, write_policy
from router.policy.policy import Policy
from tests.web.conftest import Visit
from tests.web.scripted import ToldRouter, a_policy, scripted_product

TOKEN = "the operators own"


class Local(ScriptedBackend):
    """Takes any adapter."""

    def load(self) -> SimpleNamespace:
        return SimpleNamespace(metadata={})

    def prepare(self, adapter: Path | None) -> None:
        assert adapter is None or adapter.is_file()


@dataclass
class House:
    """A running product, and the releases of its pack."""

    folder: Path
    releases: Releases
    router: ToldRouter
    client: TestClient
    recorded: list[str] = field(default_factory=list)

    def promote(self, policy: Policy) -> Release:
        """Put a release with this policy into service, as another process would."""
        files = {ADAPTER: self.folder / ADAPTER, POLICY: self.folder / POLICY}
        write_policy(files[POLICY], policy, Stated(), made_for(self.router.pack, self.router.encoder))
        _write_adapter(files[ADAPTER])
        return self.releases.promote(files, who="t", why="t", replaces=self.releases.serves)

    def health(self) -> dict[str, Any]:
        return dict(self.client.get("/healthz").json())


def _write_adapter(path: Path) -> None:
    """An adapter for the shipped model, without weights."""
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(BASE_KEY, SHIPPED_SHA256)
    writer.add_string(FORM_KEY, "")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


@pytest.fixture
def house(tmp_path: Path, visit: Visit) -> House:
    settings = Settings(data_dir=tmp_path, operator_token=TOKEN)  # type: ignore[arg-type]
    router, local = ToldRouter(), Local(lambda _: "Yes.", "local")
    recorded: list[str] = []
    server = Server(settings, router, local, lambda policy, _: recorded.append(policy.version))  # type: ignore[arg-type]
    app = create_app(scripted_product(settings, local, serving=server.now))
    client = visit(app, headers={"Authorization": f"Bearer {TOKEN}"})
    return House(tmp_path, open_releases(settings, router.pack), router, client, recorded)


def test_health_and_the_operators_page_tell_of_the_release_that_serves_now(house: House) -> None:
    first, other = house.router.policy, a_policy(house.router.pack, 0.9)
    assert house.health()["policy"] == first.version
    promoted = house.promote(other)
    told = house.health()
    assert (told["policy"], told["release"]) == (other.version, promoted.id)
    assert told["local"]["model"] == f"scripted-local+{promoted.id}"
    page = house.client.get("/ops").text
    assert f"Release {promoted.id}, policy {other.version}." in page
    assert first.version not in page
    assert house.recorded == [other.version]
    house.releases.rollback(who="t", why="t")
    told = house.health()
    assert (told["policy"], told["release"]) == (first.version, "pack")
    assert told["local"]["model"] == "scripted-local"


def test_the_next_turn_is_held_against_the_promoted_thresholds(house: House) -> None:
    house.promote(a_policy(house.router.pack, 0.9))
    conversation = house.client.post("/api/conversations").json()["id"]
    with house.client.websocket_connect(f"/ws/chat/{conversation}", subprotocols=["firstline.v1.json"]) as socket:
        socket.send_json({"text": "when is the first boat?"})
        routed = socket.receive_json()
        while (ended := socket.receive_json())["type"] != "finished":
            pass
    assert (routed["policy"], routed["threshold"]) == (house.health()["policy"], 0.9)
    why = house.client.get(f"/turns/{ended['turn_id']}/why").text
    assert "90 % is enough" in why
    assert f"scripted-local+{house.health()['release']}" in why

"""Below a path of a site: every address that a page, a redirect or a cookie names lies below it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from chatapp.errors import SettingError
from chatapp.settings import OWN_ADDRESSES, load_settings
from chatapp.web import api, health, ops
from chatapp.web import routes as pages
from chatapp.web.access import connect
from tests.web.conftest import Site, Visit

TEMPLATES = sorted(Path("templates").glob("*.html"))
ADDRESS = re.compile(r"""\b(?:href|src|action|formaction|hx-(?:get|post|put|delete|patch|ws:connect))=["'](/[^"']*)""")


def stripping(app: ASGIApp) -> ASGIApp:
    """A proxy that takes the root path away."""

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            assert scope["path"].startswith("/chat/"), scope["path"]
            scope = scope | {"path": scope["path"].removeprefix("/chat"), "raw_path": b"/-"}
        await app(scope, receive, send)

    return proxy


def passing(app: ASGIApp) -> ASGIApp:
    """One that passes it on."""
    return app


@pytest.mark.parametrize("proxy", [stripping, passing])
def test_everything_lies_below_the_root_path(site: Site, visit: Visit, proxy: Callable[[ASGIApp], ASGIApp]) -> None:
    client = visit(proxy(site(root_path="/chat")), follow_redirects=False)
    home = client.get("/chat/")
    assert home.headers["location"].startswith("/chat/c/")
    assert "path=/chat;" in home.headers["set-cookie"]
    page = client.get(home.headers["location"])
    addresses = set(ADDRESS.findall(page.text))
    assert len(addresses) > 5
    for address in addresses:
        assert address.startswith("/chat/")
        if re.search(r"\.(js|css|svg)", address):
            assert client.get(address).status_code == 200
    assert 'data-root="/chat"' in page.text


@pytest.mark.parametrize("path", ["/chat/healthz", "/healthz"])
def test_health_is_found_with_and_without_the_root_path(site: Site, visit: Visit, path: str) -> None:
    assert visit(site(root_path="/chat")).get(path).json()["status"] == "ok"


def test_the_bare_root_path_is_the_first_page(site: Site, visit: Visit) -> None:
    client = visit(site(root_path="/chat"), follow_redirects=False)
    assert client.get("/chat").headers["location"].startswith("/chat/c/")
    assert client.get("/chatter").status_code == 404


def test_errors_keep_their_shape_below_a_root_path(site: Site, visit: Visit) -> None:
    client = visit(site(root_path="/chat"))
    assert client.get("/chat/api/conversations/none", headers={"Accept": "text/html"}).json()["error"]
    page = client.get("/chat/nothing", headers={"Accept": "text/html"})
    assert (page.status_code, 'href="/chat/"' in page.text) == (404, True)


def test_files_with_a_hash_are_kept_for_ever_below_a_root_path(site: Site, visit: Visit) -> None:
    assert "immutable" in visit(site(root_path="/chat")).get("/chat/static/style.css?v=1").headers["cache-control"]


def test_a_socket_below_a_root_path(site: Site, visit: Visit) -> None:
    client = visit(site(root_path="/chat"))
    conversation = client.post("/chat/api/conversations").json()["id"]
    for path in ("/chat/ws/chat/", "/ws/chat/"):
        with client.websocket_connect(path + conversation, subprotocols=["firstline.v1.json"]) as socket:
            socket.send_json({"text": ""})
            assert socket.receive_json()["type"] == "failed"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_names_an_address_without_the_root_path(template: Path) -> None:
    assert ADDRESS.findall(template.read_text()) == []


def test_the_script_names_no_address_without_the_root_path() -> None:
    script = "".join(path.read_text() for path in Path("static").glob("*.js"))
    assert re.findall(r"""(?:fetch|WebSocket|EventSource|location\.\w+ ?=|assign|replace)\(?["'`]/""", script) == []


@pytest.mark.parametrize(
    ("given", "taken"), [("", ""), ("/", ""), ("chat", "/chat"), ("/chat/", "/chat"), (" /a/b ", "/a/b")]
)
def test_a_root_path_as_people_write_it(given: str, taken: str) -> None:
    assert load_settings(root_path=given).root_path == taken


@pytest.mark.parametrize("given", ["/c", "/ops/", "/ws/x", "/a b", "/a/../b", "/caf\u00e9", "/a?b"])
def test_a_root_path_that_cannot_be(given: str) -> None:
    with pytest.raises(SettingError, match="FIRSTLINE_ROOT_PATH"):
        load_settings(root_path=given)


def test_our_own_addresses_are_known() -> None:
    routes = [route for room in (pages, api, connect, ops, health) for route in room.router.routes]
    assert {route.path.split("/")[1] for route in routes} | {"static", "vendor"} == OWN_ADDRESSES | {""}  # type: ignore[attr-defined]

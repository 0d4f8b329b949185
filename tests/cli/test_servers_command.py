"""`firstline servers`: what is said of each, and how one is taken out."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chatapp import cli
from chatapp.checks.check import Check, Patient
from chatapp.commands.doctor import PARTS, _tried
from chatapp.errors import SettingError
from tests.backends.conftest import HELLO, Play, RawServer, error, make_settings, raw, status

__all__ = ["raw"]

NOWHERE = "http://127.0.0.1:9/v1"


async def call(raw: RawServer, folder: Path, *arguments: str) -> list[str]:
    """The lines that the command prints. Raises what it raises."""
    raw.plays = [status(200, {})]
    environment = {
        "FIRSTLINE_LOCAL_BASE_URL": f"{raw.url},{NOWHERE}",
        "FIRSTLINE_LOCAL_SERVER_MODEL": "small",
        "FIRSTLINE_DATA_DIR": str(folder),
    }
    result = await asyncio.to_thread(CliRunner().invoke, cli.app, ["servers", *arguments], env=environment)
    if result.exception:
        raise result.exception
    return result.stdout.splitlines()


async def test_every_server_and_its_state(raw: RawServer, tmp_path: Path) -> None:
    first, second = await call(raw, tmp_path)
    assert first == f"{raw.url}  live"
    assert second.startswith(f"{NOWHERE}  dead (The local server '{NOWHERE}' cannot be reached")


async def test_one_is_taken_out_and_put_back(raw: RawServer, tmp_path: Path) -> None:
    first, _ = await call(raw, tmp_path, "--drain", raw.url)
    assert first == f"{raw.url}  live, taken out"
    assert (await call(raw, tmp_path))[0] == first
    assert (await call(raw, tmp_path, "--resume", f"{raw.url}/"))[0] == f"{raw.url}  live"


async def test_a_server_that_is_not_set(raw: RawServer, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="'http://gpu9/v1' is not a server of FIRSTLINE_LOCAL_BASE_URL") as caught:
        await call(raw, tmp_path, "--drain", "http://gpu9/v1")
    assert NOWHERE in caught.value.hint


def test_without_servers_it_says_who_answers(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.app, ["servers"], env={"FIRSTLINE_DATA_DIR": str(tmp_path)})
    assert "The model in this process answers locally" in result.stdout


async def checked(raw: RawServer, folder: Path, *plays: Play, **settings: Any) -> Check:
    raw.plays = list(plays)
    given = {"local_base_url": raw.url, "local_server_model": "small", "data_dir": folder} | settings
    return await asyncio.to_thread(_tried, "local model", PARTS["local model"], Patient(make_settings(**given), None))


async def test_the_doctor_makes_one_real_call_of_each(raw: RawServer, tmp_path: Path) -> None:
    check = await checked(raw, tmp_path, HELLO)
    assert check.status == "ok"
    assert f"'small' at 1 servers: {raw.url} answers, first word in" in check.detail
    assert "without log-probabilities" in check.detail
    assert raw.seen[0]["model"] == "small"


async def test_the_doctor_says_which_server_fails_and_why(raw: RawServer, tmp_path: Path) -> None:
    refused = error(404, "no such model", code="model_not_found")
    check = await checked(raw, tmp_path, refused, local_base_url=f"{raw.url},{NOWHERE}")
    assert check.status == "fail"
    assert f"{raw.url}' does not know or offer the model" in check.detail
    assert f"{NOWHERE}' cannot be reached" in check.detail
    assert "FIRSTLINE_LOCAL_SERVER_MODEL" in check.remedy
    assert "FIRSTLINE_LOCAL_CONNECT_TIMEOUT_S" in check.remedy

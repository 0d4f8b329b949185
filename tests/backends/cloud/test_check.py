"""What `firstline doctor` says of the cloud: what one real call as the product makes it shows."""

import asyncio
from pathlib import Path

import pytest

from chatapp.checks.check import Check, Patient
from chatapp.commands.doctor import PARTS, _tried
from tests.backends.conftest import HELLO, Play, RawServer, error, make_settings


async def checked(raw: RawServer, folder: Path, *plays: Play, **settings: object) -> Check:
    raw.plays = list(plays)
    patient = Patient(make_settings(cloud_base_url=raw.url, data_dir=folder, **settings), None)
    return await asyncio.to_thread(_tried, "cloud", PARTS["cloud"], patient)


async def test_a_server_that_lists_no_models_is_well(raw: RawServer, tmp_path: Path) -> None:
    check = await checked(raw, tmp_path, HELLO, cloud_max_tokens=123, cloud_temperature=0.4)
    assert check.status == "ok"
    assert "'test-model' at 127.0.0.1 answers" in check.detail
    assert "US dollars" in check.detail
    (sent,) = raw.seen
    assert (sent["model"], sent["max_tokens"], sent["temperature"]) == ("test-model", 123, 0.4)
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]


async def test_what_the_server_does_not_take_is_left_out_as_the_product_does(raw: RawServer, tmp_path: Path) -> None:
    refusal = error(400, "Unsupported parameter: 'temperature'.", param="temperature", code="unsupported_parameter")
    check = await checked(raw, tmp_path, refusal, HELLO)
    assert check.status == "ok"
    assert "temperature" not in raw.seen[-1]


@pytest.mark.parametrize(
    ("play", "said"),
    [
        (error(401, "Incorrect API key provided"), "FIRSTLINE_CLOUD_API_KEY"),
        (error(404, "The model does not exist", code="model_not_found"), "FIRSTLINE_CLOUD_MODEL"),
    ],
)
async def test_a_key_or_a_model_that_is_refused(raw: RawServer, tmp_path: Path, play: Play, said: str) -> None:
    check = await checked(raw, tmp_path, play)
    assert (check.status, said in check.remedy) == ("fail", True)
    assert "sk-test" not in check.text

from pathlib import Path

import pytest

from app.wire.call import Client
from app.wire.handlers.api_versions import api_versions
from app.wire.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from tests.support.broker import running_broker
from tests.support.wire_calls import ask, call_of


@pytest.mark.parametrize("version", range(5))
async def test_every_version_lists_what_is_served(tmp_path: Path, version: int) -> None:
    asking = ApiVersionsRequest(client_software_name="me", client_software_version="1.0")
    async with running_broker(tmp_path) as broker:
        response = await ask(broker, asking, ApiVersionsResponse, version)

    assert response.error_code == 0
    assert (18, 0, 4) in [
        (one.api_key, one.min_version, one.max_version) for one in response.api_keys
    ]
    assert response.supported_features == []


async def test_the_client_s_software_is_remembered(tmp_path: Path) -> None:
    client = Client(host="10.0.0.1")
    asking = ApiVersionsRequest(client_software_name="librdkafka", client_software_version="2.16.0")
    async with running_broker(tmp_path) as broker:
        api_versions(call_of(broker, 3, client), asking)

    assert (client.software_name, client.software_version) == ("librdkafka", "2.16.0")


@pytest.mark.parametrize("name", ["", "-a", "a b", "a\n"])
async def test_a_software_name_that_kafka_refuses_is_refused(tmp_path: Path, name: str) -> None:
    client = Client(host="10.0.0.1")
    asking = ApiVersionsRequest(client_software_name=name, client_software_version="1")
    async with running_broker(tmp_path) as broker:
        answer = api_versions(call_of(broker, 3, client), asking)

    assert (answer.error_code, client.software_name) == (42, "")

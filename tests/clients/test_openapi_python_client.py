"""A client generated from the OpenAPI document, by a tool that is not ours, drives a node.

The generator knows JSON, forms and bytes: it leaves the NDJSON variant of the produce body out, and
says so. It must leave out nothing else.
"""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.node import ROOT, NodeProcess

pytestmark = pytest.mark.slow

PACKAGE = "cauce_generated_client"


class Generated:
    """The modules of the generated package."""

    def __getattr__(self, name: str) -> ModuleType:
        """Return a module of ``api``, written ``tag_operation`` with the tag's first word."""
        tag, operation = name.split("__")
        return importlib.import_module(f"{PACKAGE}.api.{tag}.{operation}")

    @property
    def models(self) -> Any:
        """The models."""
        return importlib.import_module(f"{PACKAGE}.models")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generated]:
    directory = tmp_path_factory.mktemp("generated")
    command = [
        Path(sys.executable).with_name("openapi-python-client"),
        *("generate", "--path", ROOT / "openapi" / "cauce-v3.json"),
        *("--output-path", directory / PACKAGE, "--meta", "none"),
        *("--config", Path(__file__).with_name("openapi-python-client.yml")),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    said = (ran.stdout + ran.stderr).splitlines()
    complaints = [line for line in said if "nsupported" in line]
    assert complaints == ["Unsupported content type application/x-ndjson"], said
    sys.path.insert(0, str(directory))
    yield Generated()
    sys.path.remove(str(directory))


@pytest.fixture(scope="module")
def client(generated: Generated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    node = NodeProcess(tmp_path_factory.mktemp("node") / "data")
    node.start()
    package = importlib.import_module(PACKAGE)
    yield package.Client(base_url=node.url, raise_on_unexpected_status=True)
    assert node.stop() == 0


def test_client_runs_the_life_of_a_topic(generated: Generated, client: Any) -> None:
    models = generated.models
    wanted = models.CreateTopicRequest(topic_name="orders", partitions_count=2)
    created = generated.topic__create_kafka_topic.sync("-", client=client, body=wanted)
    assert (created.topic_name, created.partitions_count) == ("orders", 2)

    change = models.UpdateConfigRequest(value="3600000")
    answer = generated.configs__update_kafka_topic_config.sync_detailed(
        "-", "orders", "segment.ms", client=client, body=change
    )
    assert answer.status_code == 204
    config = generated.configs__get_kafka_topic_config.sync(
        "-", "orders", "segment.ms", client=client
    )
    assert config.value == "3600000"

    more = models.UpdateTopicRequest(partitions_count=3)
    generated.topic__update_partition_count_kafka_topic.sync(
        "-", "orders", client=client, body=more
    )
    partitions = generated.partition__list_kafka_partitions.sync("-", "orders", client=client)
    assert [one.partition_id for one in partitions.data] == [0, 1, 2]
    listed = generated.topic__list_kafka_topics.sync("-", client=client)
    assert [one.topic_name for one in listed.data] == ["orders"]

    gone = generated.topic__delete_kafka_topic.sync_detailed("-", "orders", client=client)
    assert gone.status_code == 204
    missing = generated.topic__get_kafka_topic.sync("-", "orders", client=client)
    assert isinstance(missing, models.ErrorResponse)
    assert missing.error_code == 40403


def test_client_produces_consumes_and_deletes_records(generated: Generated, client: Any) -> None:
    models = generated.models
    wanted = models.CreateTopicRequest(topic_name="events", partitions_count=1)
    generated.topic__create_kafka_topic.sync("-", client=client, body=wanted)
    for number in range(3):
        data = models.ProduceRequestData(
            type_=models.ProduceRequestDataType.JSON, data={"n": number}
        )
        record = models.ProduceRequest(value=data, partition_id=0)
        receipt = generated.records__produce_record.sync("-", "events", client=client, body=record)
        assert (receipt.partition_id, receipt.offset) == (0, number)

    page = generated.records__consume_partition_records.sync(
        "-", "events", 0, client=client, offset=1
    )
    assert [(one.offset, one.value.to_dict()) for one in page.data] == [
        (1, {"type": "JSON", "data": {"n": 1}}),
        (2, {"type": "JSON", "data": {"n": 2}}),
    ]
    assert (page.next_offset, page.high_watermark) == (3, 3)

    deleted = generated.partition__delete_cauce_records.sync(
        "-", "events", 0, client=client, before_offset=2
    )
    assert deleted.log_start_offset == 2
    offsets = generated.partition__get_kafka_partition_offsets.sync("-", "events", 0, client=client)
    assert isinstance(offsets, models.PartitionOffsetsData)
    topic_page = generated.records__consume_topic_records.sync("-", "events", client=client)
    assert [one.offset for one in topic_page.data] == [2]

"""``cauce group`` against a node of its own: what is shown, moved and deleted, and what is not."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.support.groups.members import wait_until
from tests.support.groups.watched import impatient_node
from tests.support.node import NodeProcess
from tests.support.run_cli import run_cli_over_network

pytestmark = pytest.mark.slow

GROUPS = ["plain", "with/slash", "a/consumers/b", "..", "%2F", "ñ ü?#&=+;", "x\ty"]
COUNT = 10


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A node with a topic ``t`` of two partitions, five records in each."""
    with pytest.MonkeyPatch.context() as environment:
        directory = tmp_path_factory.mktemp("node") / "data"
        with impatient_node(directory, environment) as node:
            producer = Producer({"bootstrap.servers": node.bootstrap, "log_level": 0})
            for number in range(COUNT):
                producer.produce("t", b"v", partition=number % 2)
            assert producer.flush(60) == 0
            yield node


def commit(node: NodeProcess, group: str, offset: int) -> None:
    """Commit an offset on both partitions, as somebody who is not in the group."""
    consumer = Consumer({"bootstrap.servers": node.bootstrap, "group.id": group, "log_level": 0})
    places = [TopicPartition("t", number, offset) for number in range(2)]
    consumer.commit(offsets=places, asynchronous=False)
    consumer.close()


def rows(node: NodeProcess, command: str, *arguments: str) -> list[dict[str, object]]:
    """Run a command and return the lines that it wrote."""
    outcome = run_cli_over_network(node.url, "group", command, "--json", *arguments)
    assert outcome.status == 0, outcome.stderr
    return [json.loads(line) for line in outcome.stdout.splitlines()]


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_of_any_name_is_listed_moved_and_deleted(node: NodeProcess, group: str) -> None:
    commit(node, group, 3)

    listed = [one for one in rows(node, "list") if one["consumer_group_id"] == group]
    lags = rows(node, "lag", "--", group)
    planned = rows(node, "seek", "--to", "earliest", "--dry-run", "--", group)
    untouched = rows(node, "lag", "--", group)
    moved = rows(node, "seek", "--to", "earliest", "--topic", "t:0", "--", group)
    after = rows(node, "lag", "--", group)

    assert [(one["state"], one["type"]) for one in listed] == [("EMPTY", "CLASSIC")]
    assert [(one["current_offset"], one["lag"]) for one in lags] == [(3, 2), (3, 2)]
    assert [(one["current_offset"], one["new_offset"]) for one in planned] == [(3, 0), (3, 0)]
    assert untouched == lags
    assert [one["new_offset"] for one in moved] == [0]
    assert [one["current_offset"] for one in after] == [0, 3]

    would = run_cli_over_network(node.url, "group", "delete", "--dry-run", "--", group)
    is_there = group in {one["consumer_group_id"] for one in rows(node, "list")}
    gone = run_cli_over_network(node.url, "group", "delete", "--yes", "--", group)
    again = run_cli_over_network(node.url, "group", "delete", "--yes", "--", group)

    assert (would.status, is_there, gone.status, again.status) == (0, True, 0, 1)
    assert group not in {one["consumer_group_id"] for one in rows(node, "list")}


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_group_with_members_is_described_and_not_moved(node: NodeProcess, protocol: str) -> None:
    group = f"team/{protocol}"
    consumer = Consumer(
        {
            "bootstrap.servers": node.bootstrap,
            "group.id": group,
            "group.protocol": protocol,
            "client.id": "c",
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    consumer.subscribe(["t"])
    wait_until(lambda: consumer.poll(0.1) is None and len(consumer.assignment()) > 0, "it reads")

    shown = run_cli_over_network(node.url, "group", "describe", group).stdout.decode()
    (described,) = rows(node, "describe", group)
    refused = run_cli_over_network(node.url, "group", "seek", group, "--to", "latest")
    kept = run_cli_over_network(node.url, "group", "delete", "--yes", group)
    consumer.close()

    assert f"Type:     {protocol.upper()}\n" in shown
    assert "State:    STABLE\n" in shown
    assert "t-0 t-1 t-2 t-3 t-4 t-5" in shown
    assert isinstance(described["assignments"], list)
    assert len(described["assignments"]) == 6
    assert (refused.status, kept.status) == (1, 1)


def test_the_command_as_a_process_lists_groups(node: NodeProcess) -> None:
    commit(node, "seen", 1)
    command = [sys.executable, "-c", "from cauce.cli.main import main; main()", "group", "list"]

    ran = subprocess.run(
        [*command, "--url", node.url], capture_output=True, text=True, check=True, timeout=60
    )

    assert ["seen", "EMPTY", "CLASSIC", "-"] in [line.split() for line in ran.stdout.splitlines()]

"""Consumer groups of clients that we did not write: members come, go and die, the server too.

Watched over the whole time: every record is handed out, nobody begins before what was committed
when it got its partitions, and at the end all is committed.
"""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer

from tests.support.groups.members import check_commits, wait_until
from tests.support.groups.watched import Members, impatient_node
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NodeProcess]:
    """A node with a topic ``t``, whose groups do not wait long."""
    with impatient_node(tmp_path / "data", monkeypatch) as node:
        yield node


@pytest.fixture
def members(node: NodeProcess, tmp_path: Path) -> Iterator[Members]:
    """No members yet; those that there are at the end are killed."""
    directory = tmp_path / "members"
    directory.mkdir()
    members = Members(node, directory)
    yield members
    for one in members.all:
        one.kill()


CLIENTS = [
    ("confluent", {"strategy": "range"}),
    ("confluent", {"strategy": "cooperative-sticky"}),
    ("confluent", {"protocol": "consumer"}),
    ("aiokafka", {}),
    ("kafka-python", {}),
]


@pytest.mark.parametrize(("kind", "options"), CLIENTS)
def test_no_record_is_lost_and_no_commit_forgotten_when_members_and_server_die(
    members: Members, kind: str, options: dict[str, str]
) -> None:
    first = members.start(kind, **options)
    second = members.start(kind, **options)
    members.produce()
    members.wait_for_all()

    third = members.start(kind, **options)
    wait_until(lambda: bool(third.seen("assigned")), "the third member has partitions")
    second.kill()
    members.produce()
    members.wait_for_all()

    producing = threading.Thread(target=members.produce)
    producing.start()
    members.node.kill()
    members.node.start()
    producing.join()
    members.wait_for_all()

    first.stop()
    members.produce()
    members.wait_for_all()
    members.wait_for_commits()
    third.stop()
    check_commits(members.all)


def test_eight_members_of_three_clients_share_the_partitions_one_by_one(members: Members) -> None:
    kinds = ["confluent", "aiokafka", "kafka-python", "confluent"] * 2
    for kind in kinds:
        members.start(kind, strategy="roundrobin")  # the one that all three support
    wait_until(
        lambda: all(one.seen("assigned") for one in members.all), "everybody is in the group"
    )
    members.produce()
    members.wait_for_all()

    for one in members.all[:-1]:
        one.stop()
    members.produce()
    members.wait_for_all()

    check_commits(members.all)


def test_a_static_member_comes_back_to_its_partitions_and_nobody_else_notices(
    members: Members,
) -> None:
    stays = members.start("confluent", instance="a")
    leaves = members.start("confluent", instance="b")
    members.produce()
    members.wait_for_all()
    wait_until(
        lambda: len((stays.seen("assigned") or [{"partitions": ()}])[-1]["partitions"]) == 3,
        "both have half of the partitions",
    )
    assigned = len(stays.seen("assigned"))
    had = set(leaves.seen("assigned")[-1]["partitions"])

    leaves.kill()
    back = members.start("confluent", instance="b")
    wait_until(lambda: bool(back.seen("assigned")), "it is back")
    members.produce()
    members.wait_for_all()

    assert set(back.seen("assigned")[-1]["partitions"]) == had
    assert len(stays.seen("assigned")) == assigned
    check_commits(members.all)


def test_a_group_goes_to_the_next_protocol_and_back_while_its_members_read(
    members: Members,
) -> None:
    """Members are replaced one by one, as in a rolling upgrade and its way back (KIP-848)."""
    old, new = {"strategy": "range"}, {"protocol": "consumer"}
    at_work = [members.start("confluent", **old), members.start("confluent", **old)]
    members.produce()
    members.wait_for_all()

    for options in (new, new, old, old):
        joins = members.start("confluent", **options)
        wait_until(lambda one=joins: bool(one.seen("assigned")), "the new member has partitions")
        members.produce()
        members.wait_for_all()
        at_work.pop(0).stop()
        at_work.append(joins)
        members.produce()
        members.wait_for_all()

    members.wait_for_commits()
    check_commits(members.all)


def test_a_pattern_is_followed_through_new_topics_and_a_kill(node: NodeProcess) -> None:
    """librdkafka sends its pattern to the server in the protocol of KIP-848."""
    consumer = Consumer(
        {
            "bootstrap.servers": node.bootstrap,
            "group.id": "by-pattern",
            "group.protocol": "consumer",
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    consumer.subscribe([r"^shop\..*"])
    seen: set[bytes | None] = set()

    def got(*values: bytes) -> bool:
        for one in consumer.consume(100, 0.1):
            if one.error() is None:
                seen.add(one.value())
        return seen == set(values)

    def write(topic: str, value: bytes) -> None:
        producer = Producer({"bootstrap.servers": node.bootstrap, "log_level": 0})
        producer.produce(topic, value)
        assert producer.flush(60) == 0

    node.create_topic("shop.orders", 2)
    node.create_topic("other", 1)
    write("shop.orders", b"1")
    write("other", b"not")
    wait_until(lambda: got(b"1"), "what there is")
    node.create_topic("shop.bills", 1)
    write("shop.bills", b"2")
    wait_until(lambda: got(b"1", b"2"), "what was made later")
    node.kill()
    node.start()
    node.create_topic("shop.returns", 1)
    write("shop.returns", b"3")
    wait_until(lambda: got(b"1", b"2", b"3"), "what was made after the kill")
    assert {one.topic for one in consumer.assignment()} == {
        "shop.orders",
        "shop.bills",
        "shop.returns",
    }
    consumer.close()

"""The catalog on SQLite: what a change returns and leaves, what a refusal leaves alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cluster.catalog import INSERT_ROWS_MAX, Catalog, _assign, new_id
from app.cluster.database import sqlite_url
from app.cluster.errors import (
    CatalogError,
    InvalidPartitionCount,
    InvalidReplicationFactor,
    InvalidTopicName,
    TopicExists,
    UnknownTopic,
)
from app.cluster.metadata_image import BrokerRegistration

Refused = Callable[[Catalog], Awaitable[object]]


def broker(node_id: int, **changes: str) -> BrokerRegistration:
    host = changes.get("host", f"h{node_id}")
    rack = changes.get("rack")
    return BrokerRegistration(node_id=node_id, host=host, http_port=1, kafka_port=2, rack=rack)


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    """A catalog of the brokers 1, 2 and 5."""
    catalog = await Catalog.open(sqlite_url(tmp_path / "a.db"))
    for node_id in (5, 1, 2):
        await catalog.register_broker(broker(node_id))
    yield catalog
    await catalog.close()


def test_ids_are_22_characters_that_no_command_line_takes_for_an_option() -> None:
    ids = [new_id() for _ in range(2_000)]

    assert len(set(ids)) == len(ids)
    assert {len(one) for one in ids} == {22}
    assert not any(one.startswith("-") for one in ids)


async def test_new_database_has_a_cluster_without_brokers_or_topics(tmp_path: Path) -> None:
    catalog = await Catalog.open(sqlite_url(tmp_path / "a.db"))

    image = await catalog.load_image()
    await catalog.close()

    assert (image.version, image.controller_id) == (0, None)
    assert (dict(image.brokers), dict(image.topics)) == ({}, {})
    assert len(image.cluster_id) == 22


async def test_reopened_catalog_is_as_it_was_left(catalog: Catalog, tmp_path: Path) -> None:
    await catalog.create_topic("t", 2, replication_factor=2, configs={"a": "1"}, is_internal=True)
    before = await catalog.load_image()
    again = await Catalog.open(sqlite_url(tmp_path / "a.db"))

    after = await again.load_image()
    await again.close()

    assert after == before
    assert after.topics["t"].is_internal


async def test_those_who_open_a_new_database_at_once_find_one_cluster(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "a.db")

    catalogs = await asyncio.gather(*(Catalog.open(url) for _ in range(4)))
    ids = {await one.cluster_id() for one in catalogs}
    for one in catalogs:
        await one.close()

    assert len(ids) == 1


async def test_broker_that_registers_again_replaces_what_was_known_and_lives_anew(
    catalog: Catalog,
) -> None:
    first = (await catalog.load_image()).brokers[5]

    epoch = await catalog.register_broker(broker(5, host="moved", rack="r"))

    image = await catalog.load_image()
    assert (image.brokers[5].host, image.brokers[5].rack) == ("moved", "r")
    assert image.brokers[5].broker_epoch == epoch == image.version
    assert epoch > first.broker_epoch
    assert (sorted(image.brokers), image.controller_id) == ([1, 2, 5], 1)


async def test_every_change_raises_the_version_and_no_question_does(catalog: Catalog) -> None:
    changes: tuple[Refused, ...] = (
        lambda one: one.create_topic("t", 1),
        lambda one: one.add_partitions("t", 2),
        lambda one: one.alter_configs("t", set_configs={"a": "1"}),
        lambda one: one.delete_topic("t"),
        lambda one: one.register_broker(broker(1)),
    )
    for change in changes:
        before = await catalog.version()
        await change(catalog)
        await catalog.load_image()
        await catalog.deleted_topic_ids()

        assert await catalog.version() == before + 1


async def test_new_partitions_are_where_they_are_wanted(catalog: Catalog) -> None:
    await catalog.create_topic("t", 1)

    grown = await catalog.add_partitions("t", 3, replicas=[(5,), (2, 1)])

    assert [one.replicas for one in grown.partitions][1:] == [(5,), (2, 1)]
    assert [one.leader for one in grown.partitions][1:] == [5, 2]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda one: one.create_topic("a.b", 1), TopicExists),
        (lambda one: one.create_topic("a_b", 1), TopicExists),
        (lambda one: one.create_topic("", 1), InvalidTopicName),
        (lambda one: one.create_topic("x" * 250, 1), InvalidTopicName),
        (lambda one: one.create_topic("new", 0), InvalidPartitionCount),
        (lambda one: one.create_topic("new", -1), InvalidPartitionCount),
        (lambda one: one.create_topic("new", 1, replication_factor=4), InvalidReplicationFactor),
        (lambda one: one.create_topic("new", 1, replication_factor=0), InvalidReplicationFactor),
        (lambda one: one.add_partitions("a.b", 2), InvalidPartitionCount),
        (lambda one: one.add_partitions("a.b", 0), InvalidPartitionCount),
        (lambda one: one.add_partitions("a_b", 3), UnknownTopic),
        (lambda one: one.alter_configs("A.B", set_configs={"a": "2"}), UnknownTopic),
        (lambda one: one.delete_topic("a_b"), UnknownTopic),
    ],
)
async def test_refused_change_leaves_everything_and_the_version(
    catalog: Catalog, change: Refused, refusal: type[CatalogError]
) -> None:
    await catalog.create_topic("a.b", 2, configs={"a": "1"})
    before = await catalog.load_image()

    with pytest.raises(refusal):
        await change(catalog)

    assert await catalog.load_image() == before
    assert await catalog.deleted_topic_ids() == set()


async def test_refusal_of_a_colliding_name_says_with_which(catalog: Catalog) -> None:
    await catalog.create_topic("a.b", 1)

    with pytest.raises(TopicExists, match=r"'a_b' collides with existing topic 'a\.b'"):
        await catalog.create_topic("a_b", 1)
    with pytest.raises(TopicExists, match=r"'a_b' .*collides with 'a\.b'"):
        Catalog.check_name_is_free(await catalog.load_image(), "a_b")


async def test_name_is_free_in_an_image_when_a_create_would_take_it(catalog: Catalog) -> None:
    await catalog.create_topic("a.b", 1)
    image = await catalog.load_image()

    Catalog.check_name_is_free(image, "a-b")

    assert (await catalog.create_topic("a-b", 1)).name == "a-b"


async def test_longest_name_is_taken(catalog: Catalog) -> None:
    await catalog.create_topic("x" * 249, 1)

    assert list((await catalog.load_image()).topics) == ["x" * 249]


async def test_given_replicas_are_kept_in_their_order_and_the_first_leads(
    catalog: Catalog,
) -> None:
    created = await catalog.create_topic("t", [[5, 1], [1, 2]])

    assert [one.replicas for one in created.partitions] == [(5, 1), (1, 2)]
    assert [one.leader for one in created.partitions] == [5, 1]
    assert all(one.isr == one.replicas for one in created.partitions)


async def test_added_partitions_go_on_with_the_round_and_the_first_ones_stay(
    catalog: Catalog,
) -> None:
    created = await catalog.create_topic("t", 2, replication_factor=2)

    grown = await catalog.add_partitions("t", 4)

    assert grown.partitions[:2] == created.partitions
    assert [one.partition for one in grown.partitions] == [0, 1, 2, 3]
    assert [one.replicas for one in grown.partitions] == [(1, 2), (2, 5), (5, 1), (1, 2)]


async def test_partitions_are_whole_and_in_order_beyond_one_statement(catalog: Catalog) -> None:
    created = await catalog.create_topic("t", INSERT_ROWS_MAX + 1)

    numbers = [one.partition for one in created.partitions]
    assert numbers == list(range(INSERT_ROWS_MAX + 1))


async def test_config_that_is_set_and_deleted_at_once_is_set(catalog: Catalog) -> None:
    await catalog.create_topic("t", 1, configs={"a": "1", "b": "2", "c": "3"})

    altered = await catalog.alter_configs(
        "t", set_configs={"a": "9"}, delete=["a", "b", "never set"]
    )

    assert altered.configs == {"a": "9", "c": "3"}
    assert (await catalog.load_image()).topics["t"] == altered


async def test_configs_of_one_topic_are_not_those_of_another(catalog: Catalog) -> None:
    await catalog.create_topic("t", 1, configs={"a": "1"})
    await catalog.create_topic("u", 1, configs={"a": "2"})

    await catalog.alter_configs("t", set_configs={}, delete=["a"])

    topics = (await catalog.load_image()).topics
    assert {name: dict(one.configs) for name, one in topics.items()} == {"t": {}, "u": {"a": "2"}}


async def test_topic_created_again_is_another_without_the_first_ones_configs(
    catalog: Catalog,
) -> None:
    first = await catalog.create_topic("t", 3, configs={"a": "1"})
    await catalog.delete_topic("t")

    second = await catalog.create_topic("t", 1)

    assert second.topic_id != first.topic_id
    assert (len(second.partitions), dict(second.configs)) == (1, {})
    assert await catalog.deleted_topic_ids() == {first.topic_id}


async def test_only_one_of_those_who_create_colliding_names_at_once_wins(catalog: Catalog) -> None:
    names = ["a.b", "a_b", "a.b", "a_b"]

    outcomes = await asyncio.gather(
        *(catalog.create_topic(name, 1) for name in names), return_exceptions=True
    )

    assert sum(isinstance(one, TopicExists) for one in outcomes) == 3
    assert len((await catalog.load_image()).topics) == 1


async def test_creation_that_is_cancelled_is_whole_or_did_not_happen(catalog: Catalog) -> None:
    for steps in range(0, 60, 6):
        task = asyncio.create_task(catalog.create_topic(f"t{steps}", 3, configs={"a": "1"}))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    topics = (await catalog.load_image()).topics.values()
    assert all((len(one.partitions), one.configs) == (3, {"a": "1"}) for one in topics)
    await catalog.create_topic("last", 1)


@settings(max_examples=50)
@given(
    nodes=st.lists(st.integers(0, 99), min_size=1, max_size=6, unique=True),
    count=st.integers(1, 30),
    first=st.integers(0, 10),
    data=st.data(),
)
def test_assignment_spreads_replicas_evenly_and_never_twice_on_a_node(
    nodes: list[int], count: int, first: int, data: st.DataObject
) -> None:
    factor = data.draw(st.integers(1, len(nodes)))

    assigned = _assign(sorted(nodes), count, factor, first=first)

    assert len(assigned) == count
    assert all(len(set(replicas)) == factor for replicas in assigned)
    led = [sum(replicas[0] == node for replicas in assigned) for node in nodes]
    assert max(led) - min(led) <= 1


@settings(max_examples=50)
@given(start=st.integers(1, 12), total=st.integers(2, 24))
def test_growing_assigns_as_if_all_had_been_made_at_once(start: int, total: int) -> None:
    start = min(start, total - 1)
    nodes = [1, 2, 5]

    grown = _assign(nodes, start, 2, first=0) + _assign(nodes, total - start, 2, first=start)

    assert grown == _assign(nodes, total, 2, first=0)


async def test_clients_that_leave_while_something_is_changed_leave_no_lock(
    catalog: Catalog,
) -> None:
    for number in range(120):
        callers = [asyncio.create_task(catalog.take_producer_ids(1)) for _ in range(2)]
        for _ in range(number % 40):
            await asyncio.sleep(0)
        await asyncio.sleep(number % 11 * 0.0003)
        callers[0].cancel()
        _, other = await asyncio.gather(*callers, return_exceptions=True)
        assert not isinstance(other, BaseException)

    async with asyncio.timeout(20):
        await catalog.take_producer_ids(1)


async def test_secrets_are_made_once_for_all_nodes_and_outlive_them(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "a.db")
    catalogs = [await Catalog.open(url) for _ in range(3)]

    found = await asyncio.gather(*(catalog.secret("one") for catalog in catalogs))
    other = await catalogs[0].secret("other")
    for catalog in catalogs:
        await catalog.close()
    again = await Catalog.open(url)
    found.append(await again.secret("one"))
    await again.close()

    assert len(set(found)) == 1
    assert len(found[0]) == len(other) == 32
    assert other != found[0]

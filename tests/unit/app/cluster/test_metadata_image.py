"""Metadata image: nothing of it can be changed, and every topic is found by both its keys."""

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cluster.metadata_image import (
    BrokerRegistration,
    MetadataImage,
    PartitionMetadata,
    TopicMetadata,
    collision_key,
)

NAMES = st.text(alphabet="ab._-", min_size=1, max_size=8)


def topic(name: str, *, replicas: tuple[int, ...] = (1,), **configs: str) -> TopicMetadata:
    partition = PartitionMetadata(
        topic_id=f"id-of-{name}",
        topic_name=name,
        partition=0,
        leader=replicas[0],
        leader_epoch=0,
        replicas=replicas,
        isr=replicas,
    )
    return TopicMetadata(
        topic_id=f"id-of-{name}",
        name=name,
        is_internal=False,
        partitions=(partition,),
        configs=configs,
    )


def image(
    topics: dict[str, TopicMetadata], brokers: dict[int, BrokerRegistration] | None = None
) -> MetadataImage:
    return MetadataImage(
        version=1, cluster_id="c", controller_id=None, brokers=brokers or {}, topics=topics
    )


@given(st.sets(NAMES))
def test_every_topic_is_found_by_its_id(names: set[str]) -> None:
    made = image({name: topic(name) for name in names})

    assert {one.name for one in made.topics_by_id.values()} == names
    assert all(made.topics_by_id[one.topic_id] is one for one in made.topics.values())


def test_image_does_not_follow_the_mappings_that_it_was_made_of() -> None:
    topics = {"t": topic("t")}
    brokers = {1: BrokerRegistration(node_id=1, host="h", http_port=1, kafka_port=2)}
    made = image(topics, brokers)

    topics.clear()
    brokers.clear()

    assert (list(made.topics), list(made.brokers)) == (["t"], [1])


@pytest.mark.parametrize("mapping", ["topics", "brokers", "topics_by_id"])
def test_mapping_of_an_image_cannot_be_changed(mapping: str) -> None:
    made = image({"t": topic("t")})

    with pytest.raises(TypeError):
        getattr(made, mapping)["other"] = None
    with pytest.raises(FrozenInstanceError):
        setattr(made, mapping, {})


def test_configs_of_a_topic_cannot_be_changed_nor_follow_what_they_were_made_of() -> None:
    configs = {"flush.ms": "7"}
    made = TopicMetadata(topic_id="i", name="t", is_internal=False, partitions=(), configs=configs)

    configs["flush.ms"] = "8"

    assert made.configs == {"flush.ms": "7"}
    with pytest.raises(TypeError):
        made.configs["flush.ms"] = "8"  # type: ignore[index] # what must not work


def test_topics_are_equal_when_all_they_say_is() -> None:
    assert topic("t", a="1") == topic("t", a="1")
    assert topic("t", a="1") != topic("t", a="2")
    assert topic("t") != topic("t", replicas=(1, 2))


def test_replication_factor_counts_the_replicas_of_a_partition() -> None:
    assert topic("t", replicas=(3, 1, 2)).replication_factor == 3


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [("a.b", "a_b", True), ("a.b_c", "a_b.c", True), ("a-b", "a_b", False), ("A", "a", False)],
)
def test_names_collide_when_they_differ_only_in_dot_and_underscore(
    one: str, other: str, collide: bool
) -> None:
    assert (collision_key(one) == collision_key(other)) is collide


@given(NAMES)
def test_collision_key_is_that_of_itself_and_as_long_as_the_name(name: str) -> None:
    key = collision_key(name)

    assert collision_key(key) == key
    assert len(key) == len(name)

"""May they: Kafka's words for operations and resources, and the authorizer that allows all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.security.acls import (
    CLUSTER,
    TOPIC_OPERATIONS,
    AllowAll,
    Authorizer,
    Decision,
    Ground,
    Operation,
    PatternType,
    Permission,
    Resource,
    ResourceType,
    topic,
)
from app.security.principal import ANONYMOUS, Principal


@given(
    principal=st.builds(Principal, st.text(), st.text()),
    operation=st.sampled_from(Operation),
    resource=st.builds(Resource, st.sampled_from(ResourceType), st.text()),
)
def test_allow_all_allows_everyone_everything(
    principal: Principal, operation: Operation, resource: Resource
) -> None:
    authorizer: Authorizer = AllowAll()

    assert authorizer.authorize(principal, operation, resource) is True
    assert authorizer.authorize_any(principal, operation, resource.kind) is True
    assert authorizer.explain(principal, operation, resource) == Decision(True, Ground.OPEN)


@pytest.mark.parametrize("kind", [Operation, ResourceType, PatternType, Permission])
def test_words_are_written_as_kafka_writes_them(
    kind: type[Operation | ResourceType | PatternType | Permission],
) -> None:
    assert all(one.value == one.name for one in kind)


def test_cluster_is_one_resource_of_kafkas_name() -> None:
    assert (CLUSTER.kind, CLUSTER.name) == (ResourceType.CLUSTER, "kafka-cluster")


def test_topic_of_the_clusters_name_is_not_the_cluster() -> None:
    assert topic("kafka-cluster") != CLUSTER
    assert topic("t") == Resource(ResourceType.TOPIC, "t")


def test_operations_on_a_topic_are_eight_and_none_of_them_the_clusters() -> None:
    others = {
        Operation.CLUSTER_ACTION,
        Operation.IDEMPOTENT_WRITE,
        Operation.CREATE_TOKENS,
        Operation.DESCRIBE_TOKENS,
        Operation.ALL,
    }

    assert len(TOPIC_OPERATIONS) == 8
    assert set(TOPIC_OPERATIONS) == set(Operation) - others


def test_nobody_in_particular_is_written_as_kafka_writes_it() -> None:
    assert str(ANONYMOUS) == "User:ANONYMOUS"

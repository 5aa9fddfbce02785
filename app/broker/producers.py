"""Verbs on idempotent producers: give out an id, tell which ones a partition knows.

Source: Kafka's InitProducerId (KIP-98, KIP-360) and DescribeProducers (KIP-664) APIs.
"""

from collections.abc import Mapping

from app.broker.context import BrokerContext
from app.broker.metadata_errors import translating_catalog_errors
from app.broker.partitions import local_leader, partition_metadata
from app.security.acls import Operation, ResourceType
from app.security.principal import Principal
from storage.producers.producer_state import Producer

FIRST_EPOCH = 0


async def new_producer(context: BrokerContext, principal: Principal) -> tuple[int, int]:
    """Return id and epoch for a producer that is idempotent without transactions.

    Args:
        context: The broker.
        principal: Needs IDEMPOTENT_WRITE on the cluster, or WRITE on any topic (KIP-679).

    Raises:
        ClusterAuthorizationFailed: It may not write anything.
        CoordinatorNotAvailable: The database cannot be asked.
    """
    if not context.authorizer.authorize_any(principal, Operation.WRITE, ResourceType.TOPIC):
        context.require_cluster(principal, Operation.IDEMPOTENT_WRITE)
    with translating_catalog_errors():
        return await context.producer_ids.new(), FIRST_EPOCH


def describe_producers(
    context: BrokerContext, principal: Principal, topic_name: str, partition: int
) -> Mapping[int, Producer]:
    """Return the producers that a partition knows, by their ids.

    Raises:
        BrokerError: Why not.
    """
    context.require_topic(principal, Operation.READ, topic_name)
    metadata = partition_metadata(context.topic(topic_name), partition)
    log = local_leader(context, metadata).log
    return {} if log is None else log.producers.producers

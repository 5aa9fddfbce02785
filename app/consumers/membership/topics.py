"""Which topics a subscription means, now.

Which of the names that a pattern matches a session may see is asked for each.
Called by: session, member. Calls: topic_patterns.
"""

from collections.abc import Iterable

from app.broker.context import BrokerContext
from app.broker.topic_patterns import MatchedTopics
from app.cluster.metadata_image import MetadataImage
from app.consumers.model import Subscription, TopicPartition
from app.security.acls import Operation, topic
from app.security.principal import Principal


def subscribed_names(
    context: BrokerContext,
    principal: Principal,
    subscription: Subscription,
    matches: MatchedTopics,
) -> tuple[str, ...]:
    """Return the topics that a subscription means; by name also those that are not there yet."""
    if subscription.pattern is None:
        return tuple(sorted(set(subscription.topics)))
    authorize = context.authorizer.authorize
    return tuple(
        name
        for name in matches.matched(subscription.pattern, context.image)
        if authorize(principal, Operation.DESCRIBE, topic(name))
    )


def partition_counts(image: MetadataImage, names: Iterable[str]) -> dict[str, int]:
    """Return how many partitions each topic has, of those that are there."""
    topics = image.topics
    return {name: len(topics[name].partitions) for name in names if name in topics}


def all_partitions(counts: dict[str, int]) -> list[TopicPartition]:
    """Return every partition of topics."""
    return [TopicPartition(name, one) for name in sorted(counts) for one in range(counts[name])]

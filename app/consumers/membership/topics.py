"""Which topics a subscription means, now.

A pattern is run over all names once for each metadata image, however many sessions have it; which
of the names a session may see is asked for each. Internal topics are meant by no pattern.
Called by: session, member. Calls: patterns.
Source: Kafka's ``exclude.internal.topics``.
"""

from collections import OrderedDict
from collections.abc import Iterable

from app.broker.context import BrokerContext
from app.cluster.metadata_image import MetadataImage
from app.consumers.membership.patterns import TopicPattern
from app.consumers.model import Subscription, TopicPartition
from app.security.acls import Operation, topic
from app.security.principal import Principal

PATTERNS_KEPT_MAX = 256
"""Compiled patterns that are kept; others are compiled again."""


class MatchedTopics:
    """What patterns match in the image of the moment; shared by all sessions of a node."""

    def __init__(self) -> None:
        self._compiled: OrderedDict[str, TopicPattern] = OrderedDict()
        self._matched: dict[str, tuple[str, ...]] = {}
        self._version = -1

    def matched(self, source: str, image: MetadataImage) -> tuple[str, ...]:
        """Return the names that a pattern matches, sorted."""
        if image.version != self._version:
            self._matched.clear()
            self._version = image.version
        found = self._matched.get(source)
        if found is None:
            pattern = self._pattern(source)
            found = tuple(
                name
                for name in sorted(image.topics)
                if not image.topics[name].is_internal and pattern.matches(name)
            )
            self._matched[source] = found
        return found

    def _pattern(self, source: str) -> TopicPattern:
        found = self._compiled.pop(source, None) or TopicPattern(source)
        self._compiled[source] = found
        while len(self._compiled) > PATTERNS_KEPT_MAX:
            gone, _ = self._compiled.popitem(last=False)
            self._matched.pop(gone, None)
        return found


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

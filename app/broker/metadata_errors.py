"""The catalog's refusals in Kafka's words.

The catalog knows SQL and names; Kafka's error numbers belong to the verbs.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from app.broker.errors import (
    BrokerError,
    CoordinatorNotAvailable,
    DelegationTokenNotFound,
    DuplicateResource,
    InvalidPartitions,
    InvalidReplicationFactor,
    InvalidTopic,
    ResourceNotFound,
    SaslAuthenticationFailed,
    TopicAlreadyExists,
    UnknownTopicOrPartition,
)
from app.cluster import errors as catalog

_TRANSLATION: tuple[tuple[type[catalog.CatalogError], type[BrokerError]], ...] = (
    (catalog.TopicExists, TopicAlreadyExists),
    (catalog.UnknownTopic, UnknownTopicOrPartition),
    (catalog.InvalidPartitionCount, InvalidPartitions),
    (catalog.InvalidReplicationFactor, InvalidReplicationFactor),
    (catalog.InvalidTopicName, InvalidTopic),
    (catalog.UserExists, DuplicateResource),
    (catalog.UnknownUser, ResourceNotFound),
    (catalog.UnknownDelegationToken, DelegationTokenNotFound),
    (catalog.LoginEnded, SaslAuthenticationFailed),
    (catalog.UnknownApiKey, ResourceNotFound),
    (catalog.DatabaseUnavailable, CoordinatorNotAvailable),
)


@contextmanager
def translating_catalog_errors() -> Iterator[None]:
    """Raise the catalog's refusals as the verbs' own."""
    try:
        yield
    except catalog.CatalogError as error:
        for theirs, ours in _TRANSLATION:
            if isinstance(error, theirs):
                raise ours(str(error)) from error
        raise

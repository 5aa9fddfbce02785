"""The catalog's refusals become the verbs'."""

import pytest

from app.broker.errors import (
    BrokerError,
    CoordinatorNotAvailable,
    InvalidPartitions,
    InvalidReplicationFactor,
    InvalidTopic,
    TopicAlreadyExists,
    UnknownTopicOrPartition,
)
from app.broker.metadata_errors import translating_catalog_errors
from app.cluster import errors as catalog


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (catalog.TopicExists, TopicAlreadyExists),
        (catalog.UnknownTopic, UnknownTopicOrPartition),
        (catalog.InvalidTopicName, InvalidTopic),
        (catalog.InvalidPartitionCount, InvalidPartitions),
        (catalog.InvalidReplicationFactor, InvalidReplicationFactor),
        (catalog.DatabaseUnavailable, CoordinatorNotAvailable),
    ],
)
def test_refusal_keeps_its_words_and_its_cause(
    theirs: type[catalog.CatalogError], ours: type[BrokerError]
) -> None:
    with pytest.raises(ours, match=r"^because$") as refusal, translating_catalog_errors():
        raise theirs("because")

    assert isinstance(refusal.value.__cause__, theirs)


def test_what_has_no_words_of_kafkas_passes_as_it_is() -> None:
    with pytest.raises(catalog.DatabaseTooNew), translating_catalog_errors():
        raise catalog.DatabaseTooNew("2")
    with pytest.raises(ZeroDivisionError), translating_catalog_errors():
        raise ZeroDivisionError

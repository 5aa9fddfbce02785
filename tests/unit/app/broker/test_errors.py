"""Refusals carry Kafka's numbers, held against a client that we did not write."""

import kafka.errors
import pytest
from confluent_kafka import KafkaError

from app.broker import errors
from app.broker.errors import BrokerError

REFUSALS = sorted(
    {
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, BrokerError) and one is not BrokerError
    },
    key=lambda one: one.code,
)
OTHER_NAMES = {
    "NOT_LEADER_OR_FOLLOWER": "NOT_LEADER_FOR_PARTITION",
    "MESSAGE_TOO_LARGE": "MESSAGE_SIZE_TOO_LARGE",
    "INVALID_TOPIC_EXCEPTION": "INVALID_TOPIC",
    "INVALID_REPLICA_ASSIGNMENT": "INVALID_REPLICATION_ASSIGNMENT",
}
"""Where kafka-python's spelling is not that of Kafka's protocol guide."""


def test_no_number_is_given_twice_but_to_special_cases_of_one_refusal() -> None:
    distinct = [one for one in REFUSALS if one.__bases__ == (BrokerError,)]
    special = [one for one in REFUSALS if one not in distinct]

    assert len({one.code for one in distinct}) == len(distinct)
    for one in special:
        parent = one.__bases__[0]
        assert issubclass(parent, BrokerError)
        assert (one.code, one.name) == (parent.code, parent.name)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda one: one.name)
def test_number_and_name_are_kafkas(refusal: type[BrokerError]) -> None:
    theirs = kafka.errors.for_code(refusal.code).message
    if theirs == "UNKNOWN":  # it ends before KIP-848's last ones, which librdkafka knows
        theirs = KafkaError(refusal.code).name()

    assert theirs == OTHER_NAMES.get(refusal.name, refusal.name)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda one: one.name)
def test_client_may_repeat_whatever_may_have_happened(refusal: type[BrokerError]) -> None:
    assert refusal.retriable or not refusal.outcome_unknown


def test_error_without_a_class_of_its_own_is_kafkas_unknown_server_error() -> None:
    assert (BrokerError.code, BrokerError.name) == (-1, "UNKNOWN_SERVER_ERROR")
    assert kafka.errors.for_code(-1).message == "UNKNOWN"


def test_a_refusal_that_is_kept_keeps_no_frame_alive() -> None:
    kept: list[BrokerError] = []

    def refuse() -> None:
        try:
            raise ValueError("first")
        except ValueError as error:
            raise errors.InvalidRequest("second") from error

    try:
        refuse()
    except BrokerError as error:
        kept.append(error.as_outcome())

    (one,) = kept
    assert (str(one), one.__traceback__, one.__cause__, one.__context__) == (
        "second",
        None,
        None,
        None,
    )

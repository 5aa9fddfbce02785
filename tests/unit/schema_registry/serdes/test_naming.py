"""Subject name strategies, held to confluent-kafka's."""

import pytest
from confluent_kafka.schema_registry import (
    record_subject_name_strategy,
    topic_record_subject_name_strategy,
    topic_subject_name_strategy,
)
from confluent_kafka.serialization import MessageField, SerializationContext

from schema_registry.serdes.naming import NoRecordName, SubjectNameStrategy, strategy_of_class

ORACLES = {
    SubjectNameStrategy.TOPIC_NAME: topic_subject_name_strategy,
    SubjectNameStrategy.RECORD_NAME: record_subject_name_strategy,
    SubjectNameStrategy.TOPIC_RECORD_NAME: topic_record_subject_name_strategy,
}


@pytest.mark.parametrize("is_key", [True, False])
@pytest.mark.parametrize("strategy", SubjectNameStrategy)
def test_subject_is_what_confluent_s_client_calls_it(
    strategy: SubjectNameStrategy, is_key: bool
) -> None:
    field = MessageField.KEY if is_key else MessageField.VALUE
    expected = ORACLES[strategy](SerializationContext("t.1", field), "ns.User")

    assert strategy.subject("t.1", is_key=is_key, record_name="ns.User") == expected


@pytest.mark.parametrize("strategy", SubjectNameStrategy)
def test_strategy_is_found_by_its_class(strategy: SubjectNameStrategy) -> None:
    assert strategy_of_class(strategy.class_name) is strategy
    assert strategy_of_class(strategy.class_name.rpartition(".")[2]) is strategy


def test_class_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"subject\.TopicNameStrategy"):
        strategy_of_class("com.example.Mine")


def test_name_is_needed_where_the_strategy_says_so() -> None:
    assert not SubjectNameStrategy.TOPIC_NAME.needs_name
    for strategy in (SubjectNameStrategy.RECORD_NAME, SubjectNameStrategy.TOPIC_RECORD_NAME):
        assert strategy.needs_name
        with pytest.raises(NoRecordName, match=strategy.value):
            strategy.subject("t", is_key=False)

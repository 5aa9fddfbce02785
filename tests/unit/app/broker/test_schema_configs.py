"""Configs about schemas: what they allow, and what they come to."""

import pytest

from app.broker.schema_configs import KEY_STRATEGY, SCHEMA_KEYS, VALUE_STRATEGY, strategy_of
from schema_registry.serdes.naming import SubjectNameStrategy
from storage.config import CONFIG_KEYS

TOPIC_NAME, RECORD_NAME, _ = SubjectNameStrategy
CLASS = "io.confluent.kafka.serializers.subject.RecordNameStrategy"


def test_keys_are_those_of_confluent() -> None:
    assert set(SCHEMA_KEYS) == {KEY_STRATEGY, VALUE_STRATEGY}
    assert not set(SCHEMA_KEYS) & set(CONFIG_KEYS)


def test_default_is_the_topic_s_name() -> None:
    defaults = {name: key.default for name, key in SCHEMA_KEYS.items()}

    assert all(SCHEMA_KEYS[name].check(value) == value for name, value in defaults.items())
    assert strategy_of({}, is_key=True) is strategy_of(defaults, is_key=True) is TOPIC_NAME


def test_keys_and_values_have_a_strategy_each() -> None:
    configs = {VALUE_STRATEGY: CLASS}

    assert strategy_of(configs, is_key=False) is RECORD_NAME
    assert strategy_of(configs, is_key=True) is TOPIC_NAME


def test_class_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="it must be"):
        SCHEMA_KEYS[VALUE_STRATEGY].check("com.example.Mine")

"""Configs about schemas: what they allow, and what they come to."""

import pytest

from app.broker.schema_configs import (
    KEY_LEVEL,
    KEY_STRATEGY,
    KEY_VALIDATION,
    SCHEMA_KEYS,
    VALUE_LEVEL,
    VALUE_STRATEGY,
    VALUE_VALIDATION,
    FieldRule,
    ValidationLevel,
    is_checked,
    rules_of,
    strategy_of,
)
from schema_registry.serdes.naming import SubjectNameStrategy
from storage.config import CONFIG_KEYS

TOPIC_NAME, RECORD_NAME, _ = SubjectNameStrategy
CLASS = "io.confluent.kafka.serializers.subject.RecordNameStrategy"


def test_keys_are_those_of_confluent_and_ours() -> None:
    assert set(SCHEMA_KEYS) == {
        "confluent.key.schema.validation",
        "confluent.value.schema.validation",
        "confluent.key.subject.name.strategy",
        "confluent.value.subject.name.strategy",
        "cauce.key.schema.validation.level",
        "cauce.value.schema.validation.level",
    }
    assert not set(SCHEMA_KEYS) & set(CONFIG_KEYS)


def test_defaults_are_allowed_and_check_nothing() -> None:
    defaults = {name: key.default for name, key in SCHEMA_KEYS.items()}

    assert all(SCHEMA_KEYS[name].check(value) for name, value in defaults.items())
    assert rules_of(defaults) == rules_of({}) == ()
    assert not is_checked(defaults)
    assert not is_checked({})
    assert strategy_of({}, is_key=True) is strategy_of(defaults, is_key=True) is TOPIC_NAME


@pytest.mark.parametrize(
    ("name", "value"),
    [(KEY_VALIDATION, "yes"), (VALUE_STRATEGY, "com.example.Mine"), (KEY_LEVEL, "ID")],
)
def test_value_that_is_not_allowed_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="it must be"):
        SCHEMA_KEYS[name].check(value)


def test_rules_say_what_is_switched_on() -> None:
    configs = {
        VALUE_VALIDATION: "TRUE",
        VALUE_LEVEL: "full",
        VALUE_STRATEGY: CLASS,
        KEY_STRATEGY: "TopicNameStrategy",
    }

    assert is_checked(configs)
    assert rules_of(configs) == (FieldRule(False, RECORD_NAME, ValidationLevel.FULL),)
    assert rules_of(configs | {KEY_VALIDATION: "true", VALUE_VALIDATION: "false"}) == (
        FieldRule(True, TOPIC_NAME, ValidationLevel.ID),
    )

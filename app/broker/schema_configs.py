"""Topic configs about schemas: what is checked of the records that a topic takes.

Names, defaults and meanings of the ``confluent.`` keys are Confluent Server's; those that begin
with ``cauce.`` are ours and say how deep a check goes. They stand beside the log's own keys
(``storage.config``), which knows nothing of schemas.
Pure. Called by: topic_configs, schema_checks, the doors.
Source: Confluent's documentation, "Schema ID Validation".
"""

from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from schema_registry.serdes.naming import SubjectNameStrategy, strategy_of_class
from storage.config import ConfigKey

VALUE_VALIDATION = "confluent.value.schema.validation"
KEY_VALIDATION = "confluent.key.schema.validation"
VALUE_STRATEGY = "confluent.value.subject.name.strategy"
KEY_STRATEGY = "confluent.key.subject.name.strategy"
VALUE_LEVEL = "cauce.value.schema.validation.level"
KEY_LEVEL = "cauce.key.schema.validation.level"


class ValidationLevel(Enum):
    """How deep a check goes."""

    ID = "id"
    """The bytes name a schema that the subject has."""

    FULL = "full"
    """Likewise, and the payload is one of that schema."""


class FieldRule(NamedTuple):
    """What is checked of the keys, or of the values, of a topic."""

    is_key: bool
    strategy: SubjectNameStrategy
    level: ValidationLevel


def _boolean(value: str) -> str:
    if value.lower() not in ("true", "false"):
        raise ValueError("it must be true or false")
    return value.lower()


def _strategy(value: str) -> str:
    return strategy_of_class(value).class_name


def _level(value: str) -> str:
    if value not in {one.value for one in ValidationLevel}:
        raise ValueError("it must be id or full")
    return value


def _keys(what: str, name: str) -> tuple[ConfigKey, ...]:
    def key(
        config: str, kind: str, default: str, check: Callable[[str], str], text: str
    ) -> ConfigKey:
        return ConfigKey(name=config, type=kind, default=default, documentation=text, check=check)

    return (
        key(
            f"confluent.{name}.schema.validation",
            "BOOLEAN",
            "false",
            _boolean,
            f"Whether a record is refused, by whichever door it comes, if its {what} does not name "
            "a schema that its subject has. Nulls are taken.",
        ),
        key(
            f"confluent.{name}.subject.name.strategy",
            "STRING",
            SubjectNameStrategy.TOPIC_NAME.class_name,
            _strategy,
            f"Which subject the schemas of {what}s are under; also where a REST client that sends "
            "data with a schema does not say.",
        ),
        key(
            f"cauce.{name}.schema.validation.level",
            "STRING",
            ValidationLevel.ID.value,
            _level,
            "How deep the check goes: id, that the subject has the schema; full, that the bytes "
            f"of the {what} are of that schema, too.",
        ),
    )


SCHEMA_KEYS: Mapping[str, ConfigKey] = MappingProxyType(
    {key.name: key for key in (*_keys("key", "key"), *_keys("value", "value"))}
)
"""Every config about schemas, by name."""

_SWITCHES = (KEY_VALIDATION, VALUE_VALIDATION)


def is_checked(configs: Mapping[str, str]) -> bool:
    """Return whether anything is checked of a topic's records."""
    return bool(configs) and any(_is_on(configs, one) for one in _SWITCHES)


def rules_of(configs: Mapping[str, str]) -> tuple[FieldRule, ...]:
    """Return what is checked of a topic's records."""
    return tuple(
        FieldRule(
            is_key,
            strategy_of(configs, is_key=is_key),
            ValidationLevel(configs.get(KEY_LEVEL if is_key else VALUE_LEVEL, "id")),
        )
        for is_key, switch in ((True, KEY_VALIDATION), (False, VALUE_VALIDATION))
        if _is_on(configs, switch)
    )


def _is_on(configs: Mapping[str, str], switch: str) -> bool:
    return configs.get(switch, "false").lower() == "true"


def strategy_of(configs: Mapping[str, str], *, is_key: bool) -> SubjectNameStrategy:
    """Return which subject the schemas of a topic's keys or values are under."""
    name = configs.get(KEY_STRATEGY if is_key else VALUE_STRATEGY)
    return SubjectNameStrategy.TOPIC_NAME if name is None else strategy_of_class(name)

"""Topic configs about schemas: which subjects the schemas of a topic are under.

Names, defaults and meanings are Confluent Server's. They stand beside the log's own keys
(``storage.config``), which knows nothing of schemas.
Pure. Called by: topic_configs, the doors.
Source: Confluent's documentation, "Schema ID Validation".
"""

from collections.abc import Mapping
from types import MappingProxyType

from schema_registry.serdes.naming import SubjectNameStrategy, strategy_of_class
from storage.config import ConfigKey

VALUE_STRATEGY = "confluent.value.subject.name.strategy"
KEY_STRATEGY = "confluent.key.subject.name.strategy"


def _strategy(value: str) -> str:
    return strategy_of_class(value).class_name


def _strategy_key(field: str) -> ConfigKey:
    return ConfigKey(
        name=f"confluent.{field}.subject.name.strategy",
        type="STRING",
        default=SubjectNameStrategy.TOPIC_NAME.class_name,
        check=_strategy,
        documentation=f"Which subject the schemas of {field}s are under where a REST client that "
        "sends data with a schema does not say.",
    )


SCHEMA_KEYS: Mapping[str, ConfigKey] = MappingProxyType(
    {key.name: key for key in map(_strategy_key, ("key", "value"))}
)
"""Every config about schemas, by name."""


def strategy_of(configs: Mapping[str, str], *, is_key: bool) -> SubjectNameStrategy:
    """Return which subject the schemas of a topic's keys or values are under."""
    name = configs.get(KEY_STRATEGY if is_key else VALUE_STRATEGY)
    return SubjectNameStrategy.TOPIC_NAME if name is None else strategy_of_class(name)

"""Verbs on topic configs: describe and alter.

A topic stores only what differs from the defaults. Keys, defaults and checks are the log's
(``storage.config``) and those about schemas (``schema_configs``); a key that nothing here uses yet
is refused rather than ignored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from app.broker.context import BrokerContext
from app.broker.errors import InvalidConfig, InvalidRequest
from app.broker.metadata_errors import translating_catalog_errors
from app.broker.schema_configs import SCHEMA_KEYS
from app.broker.security.changes import audited_change
from app.cluster.metadata_image import TopicMetadata
from app.security.acls import Operation, topic
from app.security.principal import Principal
from storage.config import CONFIG_KEYS, ConfigKey, parse_config
from storage.errors import LogError

TOPIC_KEYS: Mapping[str, ConfigKey] = MappingProxyType({**CONFIG_KEYS, **SCHEMA_KEYS})
"""Every topic config that is obeyed, by name."""


class ConfigSource(Enum):
    """Where a value comes from (Kafka's ``ConfigSource``)."""

    DYNAMIC_TOPIC_CONFIG = "DYNAMIC_TOPIC_CONFIG"
    STATIC_BROKER_CONFIG = "STATIC_BROKER_CONFIG"
    DEFAULT_CONFIG = "DEFAULT_CONFIG"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigSynonym:
    """One of the places that a value could come from, the strongest first."""

    name: str
    value: str
    source: ConfigSource


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigEntry:
    """One config of a topic, as it is now."""

    name: str
    value: str
    type: str
    documentation: str
    source: ConfigSource
    synonyms: tuple[ConfigSynonym, ...]
    is_read_only: bool = False
    is_sensitive: bool = False

    @property
    def is_default(self) -> bool:
        """Whether nobody set it for this topic."""
        return self.source is ConfigSource.DEFAULT_CONFIG


class AlterOperation(Enum):
    """What to do with one config."""

    SET = "SET"
    DELETE = "DELETE"
    APPEND = "APPEND"
    """Add to a list what is not in it."""

    SUBTRACT = "SUBTRACT"
    """Take out of a list what is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigChange:
    """One config to set, or to give back to its default."""

    name: str
    operation: AlterOperation = AlterOperation.SET
    value: str | None = None


def check_configs(configs: Mapping[str, str]) -> None:
    """Refuse unknown keys and bad values.

    Raises:
        InvalidConfig: Names the key and what is wrong.
    """
    try:
        parse_config({name: one for name, one in configs.items() if name not in SCHEMA_KEYS})
    except LogError as error:
        raise InvalidConfig(str(error)) from error
    for name in configs.keys() & SCHEMA_KEYS.keys():
        try:
            SCHEMA_KEYS[name].check(configs[name])
        except ValueError as error:
            raise InvalidConfig(
                f"Invalid value {configs[name]!r} for configuration {name}: {error}"
            ) from None


def describe_topic_configs(
    context: BrokerContext, principal: Principal, name: str
) -> tuple[ConfigEntry, ...]:
    """Return every config of a topic, in the order of their names."""
    context.require_topic(principal, Operation.DESCRIBE_CONFIGS, name)
    return config_entries(context.topic(name).configs)


def config_entries(overrides: Mapping[str, str]) -> tuple[ConfigEntry, ...]:
    """Return every config of a topic that overrides these, in the order of their names."""
    return tuple(_entry(key, overrides) for key in sorted(TOPIC_KEYS))


async def alter_topic_configs(
    context: BrokerContext,
    principal: Principal,
    name: str,
    changes: Sequence[ConfigChange],
    *,
    validate_only: bool = False,
) -> TopicMetadata:
    """Set and reset configs of a topic, all or none.

    Raises:
        InvalidConfig: An unknown key, a bad value; nothing was changed.
        BrokerError: Why else not.
    """
    context.require_topic(principal, Operation.ALTER_CONFIGS, name)
    context.require_audit_topic(principal, name)
    found = context.topic(name)
    to_set: dict[str, str] = {}
    to_delete: set[str] = set()
    for change in changes:
        _check_change(change, to_set.keys() | to_delete)
        if change.operation is AlterOperation.DELETE:
            to_delete.add(change.name)
        else:
            to_set[change.name] = _new_value(change, found.configs)
    check_configs(to_set)
    if validate_only or not changes:
        return found
    async with audited_change(
        *(context, "IncrementalAlterConfigs", principal, Operation.ALTER_CONFIGS, topic(name)),
        items=sorted(to_set.keys() | to_delete),
    ):
        with translating_catalog_errors():
            changed = await context.catalog.alter_configs(
                name, set_configs=to_set, delete=to_delete
            )
            await context.metadata.refresh()
    return changed


def _check_change(change: ConfigChange, seen: set[str]) -> None:
    if change.name in seen:
        raise InvalidRequest(f"Config {change.name!r} is named twice")
    if change.name not in TOPIC_KEYS:
        raise InvalidConfig(f"Unknown topic config name: {change.name}")
    if change.operation is not AlterOperation.DELETE and change.value is None:
        raise InvalidConfig(f"Null value not supported for topic config: {change.name}")


def _new_value(change: ConfigChange, overrides: Mapping[str, str]) -> str:
    """Return what a change makes of a config.

    Raises:
        InvalidConfig: Only lists can be added to.
    """
    assert change.value is not None, "checked before"
    if change.operation is AlterOperation.SET:
        return change.value
    key = TOPIC_KEYS[change.name]
    if key.type != "LIST":
        raise InvalidConfig(f"Config value append is not allowed for config key: {change.name}")
    present = [one for one in overrides.get(change.name, key.default).split(",") if one]
    named = [one.strip() for one in change.value.split(",")]
    if change.operation is AlterOperation.APPEND:
        present += [one for one in named if one not in present]
    else:
        present = [one for one in present if one not in named]
    return ",".join(present)


def _entry(name: str, overrides: Mapping[str, str]) -> ConfigEntry:
    key = TOPIC_KEYS[name]
    synonyms = [
        ConfigSynonym(name=name, value=key.default, source=ConfigSource.DEFAULT_CONFIG),
    ]
    source = ConfigSource.DEFAULT_CONFIG
    if name in overrides:
        source = ConfigSource.DYNAMIC_TOPIC_CONFIG
        synonyms.insert(0, ConfigSynonym(name=name, value=overrides[name], source=source))
    return ConfigEntry(
        name=name,
        value=synonyms[0].value,
        type=key.type,
        documentation=key.documentation,
        source=source,
        synonyms=tuple(synonyms),
    )

"""Configs of topics: what is shown, what a change is refused for, all or none."""

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import (
    InvalidConfig,
    InvalidRequest,
    TopicAuthorizationFailed,
    UnknownTopicOrPartition,
)
from app.broker.topic_configs import (
    TOPIC_KEYS,
    AlterOperation,
    ConfigChange,
    ConfigSource,
    alter_topic_configs,
    check_configs,
    describe_topic_configs,
)
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from tests.support.broker import Guards, guarded


async def alter(
    context: BrokerContext, *changes: ConfigChange, validate_only: bool = False
) -> None:
    await alter_topic_configs(context, ANONYMOUS, "t", changes, validate_only=validate_only)


def shown(context: BrokerContext, name: str) -> tuple[str, bool, list[str]]:
    entry = next(e for e in describe_topic_configs(context, ANONYMOUS, "t") if e.name == name)
    return entry.value, entry.is_default, [one.source.value for one in entry.synonyms]


def test_every_key_is_shown_with_its_default(context: BrokerContext) -> None:
    entries = describe_topic_configs(context, ANONYMOUS, "t")

    assert [one.name for one in entries] == sorted(TOPIC_KEYS)
    assert all(one.value == TOPIC_KEYS[one.name].default for one in entries)
    assert all(one.is_default and one.source is ConfigSource.DEFAULT_CONFIG for one in entries)


async def test_value_of_the_topic_stands_before_its_default_until_it_is_deleted(
    context: BrokerContext,
) -> None:
    await alter(context, ConfigChange(name="flush.ms", value="7"))
    set_to = shown(context, "flush.ms")
    await alter(context, ConfigChange(name="flush.ms", operation=AlterOperation.DELETE))

    assert set_to == ("7", False, ["DYNAMIC_TOPIC_CONFIG", "DEFAULT_CONFIG"])
    assert shown(context, "flush.ms") == (str(2**63 - 1), True, ["DEFAULT_CONFIG"])


async def test_log_works_by_the_new_value_at_once(context: BrokerContext) -> None:
    replica = context.replicas.get(context.topic("t").topic_id, 0)
    assert replica is not None

    await alter(context, ConfigChange(name="max.message.bytes", value="1234"))

    assert replica.config.max_message_bytes == 1234


@pytest.mark.parametrize(
    ("change", "refusal", "reason"),
    [
        (ConfigChange(name="nope", value="1"), InvalidConfig, "Unknown topic config name: nope"),
        (
            ConfigChange(name="nope", operation=AlterOperation.DELETE),
            InvalidConfig,
            "Unknown topic config name: nope",
        ),
        (ConfigChange(name="flush.ms"), InvalidConfig, "Null value"),
        (ConfigChange(name="flush.ms", value="soon"), InvalidConfig, "flush.ms"),
        (ConfigChange(name="segment.bytes", value="3"), InvalidRequest, "named twice"),
    ],
)
async def test_one_bad_change_changes_nothing(
    context: BrokerContext, change: ConfigChange, refusal: type[Exception], reason: str
) -> None:
    good = ConfigChange(name="segment.bytes", value="1048576")

    with pytest.raises(refusal, match=reason):
        await alter(context, good, change)

    assert context.topic("t").configs == {}


async def test_validate_only_checks_and_changes_nothing(context: BrokerContext) -> None:
    await alter(context, ConfigChange(name="flush.ms", value="7"), validate_only=True)
    with pytest.raises(InvalidConfig):
        await alter(context, ConfigChange(name="flush.ms", value="x"), validate_only=True)

    assert context.topic("t").configs == {}


async def test_no_change_is_no_new_version(context: BrokerContext) -> None:
    version = context.image.version

    await alter(context)

    assert context.image.version == version


def test_check_names_the_key_at_fault() -> None:
    check_configs({"flush.ms": "7"})
    with pytest.raises(InvalidConfig, match="nothing"):
        check_configs({"min.insync.nothing": "1"})


async def test_unknown_topic_is_refused(context: BrokerContext) -> None:
    with pytest.raises(UnknownTopicOrPartition):
        describe_topic_configs(context, ANONYMOUS, "none")
    with pytest.raises(UnknownTopicOrPartition):
        await alter_topic_configs(context, ANONYMOUS, "none", [])


async def test_principal_needs_kafkas_operations(context: BrokerContext) -> None:
    refused = frozenset({Operation.DESCRIBE_CONFIGS, Operation.ALTER_CONFIGS})
    asking = guarded(context, Guards(refused=refused))

    with pytest.raises(TopicAuthorizationFailed, match="DESCRIBE_CONFIGS"):
        describe_topic_configs(asking, ANONYMOUS, "none")
    with pytest.raises(TopicAuthorizationFailed, match="ALTER_CONFIGS"):
        await alter_topic_configs(asking, ANONYMOUS, "none", [])

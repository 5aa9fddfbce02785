import pytest

from app.broker.context import BrokerContext
from app.broker.topic_configs import TOPIC_KEYS
from app.security.acls import Operation
from app.wire.messages.configs import (
    AlterableConfig,
    AlterConfigsRequest,
    AlterConfigsResource,
    AlterConfigsResponse,
    DescribeConfigsRequest,
    DescribeConfigsResource,
    DescribeConfigsResponse,
    DescribeConfigsResult,
    IncrementalAlterableConfig,
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResource,
    IncrementalAlterConfigsResponse,
)
from tests.support.broker import Guards, guarded
from tests.support.wire_calls import ask

TOPIC, BROKER = 2, 4


async def described(
    broker: BrokerContext,
    kind: int,
    name: str,
    keys: list[str] | None = None,
    version: int = 4,
) -> DescribeConfigsResult:
    resource = DescribeConfigsResource(
        resource_type=kind, resource_name=name, configuration_keys=keys
    )
    request = DescribeConfigsRequest(
        resources=[resource], include_synonyms=True, include_documentation=True
    )
    response = await ask(broker, request, DescribeConfigsResponse, version)
    return response.results[0]


async def altered(
    broker: BrokerContext,
    *changes: tuple[str, int, str | None],
    kind: int = TOPIC,
    name: str = "t",
    version: int = 1,
    validate_only: bool = False,
) -> int:
    configs = [
        IncrementalAlterableConfig(name=key, config_operation=operation, value=value)
        for key, operation, value in changes
    ]
    resource = IncrementalAlterConfigsResource(
        resource_type=kind, resource_name=name, configs=configs
    )
    request = IncrementalAlterConfigsRequest(resources=[resource], validate_only=validate_only)
    response = await ask(broker, request, IncrementalAlterConfigsResponse, version)
    return response.responses[0].error_code


@pytest.mark.parametrize("version", range(1, 5))
async def test_every_config_of_a_topic_is_told_with_its_source(
    broker: BrokerContext, version: int
) -> None:
    assert await altered(broker, ("retention.ms", 0, "7")) == 0

    result = await described(broker, TOPIC, "t", version=version)

    assert (result.error_code, {one.name for one in result.configs}) == (0, set(TOPIC_KEYS))
    found = {one.name: one for one in result.configs}["retention.ms"]
    assert (found.value, found.config_source, found.read_only) == ("7", 1, False)
    assert [(one.value, one.source) for one in found.synonyms] == [
        ("7", 1),
        (TOPIC_KEYS["retention.ms"].default, 5),
    ]
    if version >= 3:
        assert (found.config_type, bool(found.documentation)) == (5, True)


@pytest.mark.parametrize("keys", [["retention.ms", "no.such"], []])
async def test_only_the_keys_asked_for_are_told_and_none_means_all(
    broker: BrokerContext, keys: list[str]
) -> None:
    result = await described(broker, TOPIC, "t", keys)

    assert len(result.configs) == (1 if keys else len(TOPIC_KEYS))


async def test_the_node_s_own_configs_are_read_only(broker: BrokerContext) -> None:
    result = await described(broker, BROKER, "1")

    found = {one.name: (one.value, one.read_only, one.config_source) for one in result.configs}
    assert found["num.partitions"] == ("1", True, 4)
    assert (await described(broker, BROKER, "")).configs == []
    assert await altered(broker, ("num.partitions", 0, "2"), kind=BROKER, name="1") == 40


@pytest.mark.parametrize(
    ("kind", "name", "code"), [(TOPIC, "no", 3), (BROKER, "9", 42), (32, "g", 42)]
)
async def test_what_has_no_configs_here_says_why(
    broker: BrokerContext, kind: int, name: str, code: int
) -> None:
    result = await described(broker, kind, name)

    assert result.error_code == code
    assert result.error_message
    assert await altered(broker, kind=kind, name=name) in (code, 40)


@pytest.mark.parametrize("version", range(2))
async def test_configs_are_set_deleted_and_added_to(broker: BrokerContext, version: int) -> None:
    policy = "cleanup.policy"

    async def is_now(*changes: tuple[str, int, str | None]) -> dict[str, str]:
        assert await altered(broker, *changes, version=version) == 0
        return dict(broker.image.topics["t"].configs)

    assert await is_now(("retention.ms", 0, "5"), (policy, 2, "compact")) == {
        "retention.ms": "5",
        policy: "delete,compact",
    }
    assert await is_now((policy, 3, "delete")) == {"retention.ms": "5", policy: "compact"}
    assert await is_now(("retention.ms", 1, None)) == {policy: "compact"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("retention.ms", 0, "x"), 40),
        (("no.such", 0, "1"), 40),
        (("retention.ms", 2, "1"), 40),
        (("retention.ms", 9, "1"), 42),
        (("retention.ms", 0, None), 40),
        (("cleanup.policy", 3, "delete"), 40),
    ],
)
async def test_a_change_that_cannot_be_made_changes_nothing(
    broker: BrokerContext, change: tuple[str, int, str | None], code: int
) -> None:
    assert await altered(broker, ("segment.ms", 0, "5"), change) == code
    assert dict(broker.image.topics["t"].configs) == {}


async def test_a_check_alone_changes_nothing(broker: BrokerContext) -> None:
    assert await altered(broker, ("retention.ms", 0, "5"), validate_only=True) == 0
    assert dict(broker.image.topics["t"].configs) == {}


@pytest.mark.parametrize("version", range(3))
async def test_alter_configs_sets_all_and_gives_the_rest_back(
    broker: BrokerContext, version: int
) -> None:
    assert await altered(broker, ("segment.ms", 0, "5")) == 0
    resources = [
        AlterConfigsResource(
            resource_type=TOPIC,
            resource_name=name,
            configs=[AlterableConfig(name="retention.ms", value="6")],
        )
        for name in ("t", "no")
    ]

    response = await ask(
        broker, AlterConfigsRequest(resources=resources), AlterConfigsResponse, version
    )

    assert [one.error_code for one in response.responses] == [0, 3]
    assert dict(broker.image.topics["t"].configs) == {"retention.ms": "6"}


async def test_a_resource_that_is_named_again_is_told_once(broker: BrokerContext) -> None:
    def keys(*names: str) -> DescribeConfigsResource:
        return DescribeConfigsResource(
            resource_type=TOPIC, resource_name="t", configuration_keys=list(names)
        )

    some = DescribeConfigsRequest(resources=[keys("retention.ms"), keys("cleanup.policy")])
    everything = DescribeConfigsRequest(resources=[keys("retention.ms"), keys(), keys("no")])

    answers = [await ask(broker, one, DescribeConfigsResponse, 4) for one in (some, everything)]

    (few,), (full,) = [one.results for one in answers]
    assert {one.name for one in few.configs} == {"retention.ms", "cleanup.policy"}
    assert {one.name for one in full.configs} == set(TOPIC_KEYS)


async def test_who_may_not_alter_the_cluster_is_told_that_of_brokers(broker: BrokerContext) -> None:
    closed = guarded(broker, Guards(refused=frozenset({Operation.ALTER_CONFIGS})))

    codes = [await altered(one, kind=BROKER, name="1") for one in (closed, broker)]

    assert codes == [31, 40]

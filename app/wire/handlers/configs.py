"""DescribeConfigs, AlterConfigs and IncrementalAlterConfigs, of topics; those of brokers are shown.

AlterConfigs sets all configs of a topic: what it does not name goes back to its default.
Source: KIP-133, KIP-226 (synonyms), KIP-339 (incremental), KIP-569 (types and documentation).
"""

from collections.abc import Collection, Sequence

from app.broker.errors import BrokerError, InvalidConfig, InvalidRequest
from app.broker.node import describe_broker_configs
from app.broker.topic_configs import (
    TOPIC_KEYS,
    AlterOperation,
    ConfigChange,
    ConfigEntry,
    ConfigSource,
    alter_topic_configs,
    describe_topic_configs,
)
from app.security.acls import Operation
from app.wire.call import Call
from app.wire.messages.configs import (
    AlterConfigsRequest,
    AlterConfigsResourceResponse,
    AlterConfigsResponse,
    DescribeConfigsRequest,
    DescribeConfigsResourceResult,
    DescribeConfigsResponse,
    DescribeConfigsResult,
    DescribeConfigsSynonym,
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResourceResponse,
    IncrementalAlterConfigsResponse,
)
from app.wire.registry import serve

TOPIC = 2
BROKER = 4

CONFIG_SOURCES = {
    ConfigSource.DYNAMIC_TOPIC_CONFIG: 1,
    ConfigSource.STATIC_BROKER_CONFIG: 4,
    ConfigSource.DEFAULT_CONFIG: 5,
}
CONFIG_TYPES = {"BOOLEAN": 1, "STRING": 2, "INT": 3, "LONG": 5, "DOUBLE": 6, "LIST": 7}
OPERATIONS = {
    0: AlterOperation.SET,
    1: AlterOperation.DELETE,
    2: AlterOperation.APPEND,
    3: AlterOperation.SUBTRACT,
}
_Resource = tuple[int, str]
"""Kafka's number of its type, and its name."""


def describe_configs(call: Call, request: DescribeConfigsRequest) -> DescribeConfigsResponse:
    """Tell the configs of each resource, or those that are asked for; of each resource once."""
    keys: dict[_Resource, set[str] | None] = {}
    for one in request.resources:
        resource = one.resource_type, one.resource_name
        if not one.configuration_keys:
            keys[resource] = None
        elif (known := keys.setdefault(resource, set())) is not None:
            known.update(one.configuration_keys)
    return DescribeConfigsResponse(
        results=[_described(call, request, one, some) for one, some in keys.items()]
    )


def _described(
    call: Call, request: DescribeConfigsRequest, resource: _Resource, keys: Collection[str] | None
) -> DescribeConfigsResult:
    kind, name = resource
    result = DescribeConfigsResult(resource_type=kind, resource_name=name, error_message="")
    try:
        entries = _entries(call, resource)
    except BrokerError as error:
        result.error_code, result.error_message = error.code, str(error)
        return result
    result.configs = [
        _config(entry, request) for entry in entries if keys is None or entry.name in keys
    ]
    return result


def _entries(call: Call, resource: _Resource) -> Sequence[ConfigEntry]:
    kind, name = resource
    if kind == TOPIC:
        return describe_topic_configs(call.broker, call.principal, name)
    if kind == BROKER:
        return describe_broker_configs(call.broker, call.principal, name)
    raise InvalidRequest(f"There are no configs of resource type {kind}")


def _config(entry: ConfigEntry, request: DescribeConfigsRequest) -> DescribeConfigsResourceResult:
    made = DescribeConfigsResourceResult(
        name=entry.name,
        value=entry.value,
        read_only=entry.is_read_only,
        config_source=CONFIG_SOURCES[entry.source],
        is_sensitive=entry.is_sensitive,
        config_type=CONFIG_TYPES[entry.type],
        documentation=None,
    )
    if request.include_synonyms:
        made.synonyms = [
            DescribeConfigsSynonym(
                name=one.name, value=one.value, source=CONFIG_SOURCES[one.source]
            )
            for one in entry.synonyms
        ]
    if request.include_documentation:
        made.documentation = entry.documentation
    return made


async def alter_configs(call: Call, request: AlterConfigsRequest) -> AlterConfigsResponse:
    """Set all configs of each resource."""
    responses = []
    for resource in request.resources:
        response = AlterConfigsResourceResponse(
            resource_type=resource.resource_type,
            resource_name=resource.resource_name,
            error_message="",
        )
        responses.append(response)
        named = {one.name for one in resource.configs}
        changes = [ConfigChange(name=one.name, value=one.value) for one in resource.configs] + [
            ConfigChange(name=name, operation=AlterOperation.DELETE)
            for name in TOPIC_KEYS
            if name not in named
        ]
        try:
            await _alter(
                call,
                resource.resource_type,
                resource.resource_name,
                changes,
                validate_only=request.validate_only,
            )
        except BrokerError as error:
            response.error_code, response.error_message = error.code, str(error)
    return AlterConfigsResponse(responses=responses)


async def incremental_alter_configs(
    call: Call, request: IncrementalAlterConfigsRequest
) -> IncrementalAlterConfigsResponse:
    """Change the named configs of each resource."""
    responses = []
    for resource in request.resources:
        response = IncrementalAlterConfigsResourceResponse(
            resource_type=resource.resource_type,
            resource_name=resource.resource_name,
            error_message="",
        )
        responses.append(response)
        try:
            changes = [
                ConfigChange(
                    name=one.name, operation=_operation(one.config_operation), value=one.value
                )
                for one in resource.configs
            ]
            await _alter(
                call,
                resource.resource_type,
                resource.resource_name,
                changes,
                validate_only=request.validate_only,
            )
        except BrokerError as error:
            response.error_code, response.error_message = error.code, str(error)
    return IncrementalAlterConfigsResponse(responses=responses)


def _operation(number: int) -> AlterOperation:
    found = OPERATIONS.get(number)
    if found is None:
        raise InvalidRequest(f"Unknown operation {number} on a config")
    return found


async def _alter(
    call: Call,
    resource_type: int,
    resource_name: str,
    changes: Sequence[ConfigChange],
    *,
    validate_only: bool,
) -> None:
    if resource_type == BROKER:
        call.broker.require_cluster(call.principal, Operation.ALTER_CONFIGS)
        raise InvalidConfig("Configs of brokers are given at their start")
    if resource_type != TOPIC:
        raise InvalidRequest(f"There are no configs of resource type {resource_type}")
    await alter_topic_configs(
        call.broker, call.principal, resource_name, changes, validate_only=validate_only
    )


SERVED = (
    serve(DescribeConfigsRequest, describe_configs, droppable=True),
    serve(AlterConfigsRequest, alter_configs),
    serve(IncrementalAlterConfigsRequest, incremental_alter_configs),
)

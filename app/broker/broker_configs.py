"""Verb: describe the configs of this node that Kafka's clients know by name.

They are settings, given at the start, so all are read-only here.
Source: Kafka docs, "Broker Configs".
"""

from app.broker.context import BrokerContext
from app.broker.errors import InvalidRequest
from app.broker.topic_configs import ConfigEntry, ConfigSource, ConfigSynonym
from app.security.acls import Operation
from app.security.principal import Principal

EVERY_BROKER = ""
"""The name of the configs that all brokers share: none here."""


def describe_broker_configs(
    context: BrokerContext, principal: Principal, name: str
) -> tuple[ConfigEntry, ...]:
    """Return the configs of a node, in the order of their names.

    Raises:
        InvalidRequest: Another node's, which only that one can tell.
        ClusterAuthorizationFailed: The principal may not.
    """
    context.require_cluster(principal, Operation.DESCRIBE_CONFIGS)
    if name == EVERY_BROKER:
        return ()
    if name != str(context.node_id):
        raise InvalidRequest(
            f"Unexpected broker id, expected {context.node_id} or empty string, but received {name}"
        )
    limits = context.limits
    return (
        _entry(
            "auto.create.topics.enable",
            "BOOLEAN",
            str(limits.auto_create_topics).lower(),
            "Whether a client that asks for a topic has it made.",
        ),
        _entry("broker.id", "INT", str(context.node_id), "Number of this node."),
        _entry(
            "default.replication.factor",
            "INT",
            str(limits.default_replication_factor),
            "Replicas of a topic whose creator does not say.",
        ),
        _entry("node.id", "INT", str(context.node_id), "Number of this node."),
        _entry(
            "num.partitions",
            "INT",
            str(limits.default_partitions),
            "Partitions of a topic whose creator does not say.",
        ),
    )


def _entry(name: str, kind: str, value: str, documentation: str) -> ConfigEntry:
    source = ConfigSource.STATIC_BROKER_CONFIG
    return ConfigEntry(
        name=name,
        value=value,
        type=kind,
        documentation=documentation,
        source=source,
        synonyms=(ConfigSynonym(name=name, value=value, source=source),),
        is_read_only=True,
    )

"""Verbs on this node: its configs that Kafka's clients know by name, and its log directories.

Its configs are settings, given at the start, so all are read-only here.
Source: Kafka docs, "Broker Configs"; DescribeLogDirs API (KIP-113; space: KIP-827).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.broker.context import BrokerContext
from app.broker.errors import InvalidRequest
from app.broker.topic_configs import ConfigEntry, ConfigSource, ConfigSynonym
from app.security.acls import Operation
from app.security.principal import Principal
from storage.errors import DiskError
from storage.log_dir import LogDir

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


UNKNOWN_BYTES = -1

TopicPartition = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedLogDir:
    """One log directory."""

    path: Path
    offline: str | None = None
    """Why it takes nothing any more, or None."""

    sizes: Mapping[TopicPartition, int] = field(default_factory=dict)
    """Bytes of each log by topic name and partition."""

    total_bytes: int = UNKNOWN_BYTES
    usable_bytes: int = UNKNOWN_BYTES
    """Of the file system that it lies on."""


def describe_log_dirs(context: BrokerContext, principal: Principal) -> list[DescribedLogDir]:
    """Return the log directories of this node, those that could not be opened too.

    Raises:
        ClusterAuthorizationFailed: The principal may not DESCRIBE the cluster.
    """
    context.require_cluster(principal, Operation.DESCRIBE)
    offline = context.replicas.offline_directories
    found = [_described(one, offline.get(one.path)) for one in context.replicas.log_dirs]
    known = {one.path for one in found}
    unopened = [
        DescribedLogDir(path=path, offline=reason)
        for path, reason in offline.items()
        if path not in known
    ]
    return found + unopened


def _described(log_dir: LogDir, offline: str | None) -> DescribedLogDir:
    try:
        total_bytes, usable_bytes = log_dir.space()
    except DiskError as error:
        return DescribedLogDir(path=log_dir.path, offline=str(error))
    sizes = {}
    for log_id in log_dir.logs():
        log = log_dir.get(log_id.key)
        if log is not None:
            sizes[log_id.topic_name, log_id.partition] = log.size_bytes
    return DescribedLogDir(
        path=log_dir.path,
        offline=offline,
        sizes=sizes,
        total_bytes=total_bytes,
        usable_bytes=usable_bytes,
    )

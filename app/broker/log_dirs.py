"""Verb: which logs lie in which log directory of this node, and how large they are.

Source: Kafka's DescribeLogDirs API (KIP-113; space: KIP-827).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.broker.context import BrokerContext
from app.security.acls import Operation
from app.security.principal import Principal
from storage.errors import DiskError
from storage.log_dir import LogDir

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

"""May they: the question that every verb asks before it does anything.

Operations and resource types are Kafka's (``AclOperation``, ``ResourceType``). Until access
control lists come, the only authorizer allows everything; the calls are all there.
"""

from enum import Enum
from typing import NamedTuple, Protocol

from app.security.principal import Principal


class Operation(Enum):
    """What may be done to a resource (Kafka's ``AclOperation``)."""

    READ = "READ"
    WRITE = "WRITE"
    CREATE = "CREATE"
    DELETE = "DELETE"
    ALTER = "ALTER"
    DESCRIBE = "DESCRIBE"
    CLUSTER_ACTION = "CLUSTER_ACTION"
    DESCRIBE_CONFIGS = "DESCRIBE_CONFIGS"
    ALTER_CONFIGS = "ALTER_CONFIGS"
    IDEMPOTENT_WRITE = "IDEMPOTENT_WRITE"


class ResourceType(Enum):
    """What kind of thing an operation is about (Kafka's ``ResourceType``)."""

    TOPIC = "TOPIC"
    GROUP = "GROUP"
    CLUSTER = "CLUSTER"
    TRANSACTIONAL_ID = "TRANSACTIONAL_ID"


class Resource(NamedTuple):
    """One thing by kind and name."""

    kind: ResourceType
    name: str


CLUSTER = Resource(ResourceType.CLUSTER, "kafka-cluster")
"""The one cluster resource; Kafka gives it this fixed name."""

TOPIC_OPERATIONS = (
    Operation.READ,
    Operation.WRITE,
    Operation.CREATE,
    Operation.DELETE,
    Operation.ALTER,
    Operation.DESCRIBE,
    Operation.DESCRIBE_CONFIGS,
    Operation.ALTER_CONFIGS,
)
"""The operations that make sense on a topic, in Kafka's order."""


CLUSTER_OPERATIONS = (
    Operation.CREATE,
    Operation.ALTER,
    Operation.DESCRIBE,
    Operation.CLUSTER_ACTION,
    Operation.DESCRIBE_CONFIGS,
    Operation.ALTER_CONFIGS,
    Operation.IDEMPOTENT_WRITE,
)
"""The operations that make sense on the cluster, in Kafka's order."""


def topic(name: str) -> Resource:
    """Return the topic resource of that name."""
    return Resource(ResourceType.TOPIC, name)


GROUP_OPERATIONS = (Operation.READ, Operation.DELETE, Operation.DESCRIBE)
"""The operations that make sense on a group, in Kafka's order."""


def group(group_id: str) -> Resource:
    """Return the group resource of that id."""
    return Resource(ResourceType.GROUP, group_id)


class Authorizer(Protocol):
    """Decides who may do what to which resource."""

    def authorize(self, principal: Principal, operation: Operation, resource: Resource) -> bool:
        """Return whether the principal may; never raises, never waits."""
        ...


class AllowAll:
    """Everyone may do everything."""

    def authorize(self, principal: Principal, operation: Operation, resource: Resource) -> bool:
        """Return True."""
        del principal, operation, resource
        return True

"""May they: the question that every verb asks before it does anything.

Operations, resource types and access control lists are Kafka's (``AclOperation``,
``ResourceType``, ``AclBinding``); subjects of the schema registry are resources here as well.
What decides by access control lists is ``app.security.authorizer``; an open node has an
authorizer that allows everything.
Source: Kafka docs, security, "Authorization and ACLs"; KIP-11, KIP-290 (prefixes).
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
    CREATE_TOKENS = "CREATE_TOKENS"
    DESCRIBE_TOKENS = "DESCRIBE_TOKENS"
    ALL = "ALL"
    """Every other one; only access control lists say it, nobody asks for it."""

    __hash__ = object.__hash__  # members are single: that of Enum runs Python on every look-up


class ResourceType(Enum):
    """What kind of thing an operation is about (Kafka's ``ResourceType``, and subjects)."""

    TOPIC = "TOPIC"
    GROUP = "GROUP"
    CLUSTER = "CLUSTER"
    TRANSACTIONAL_ID = "TRANSACTIONAL_ID"
    DELEGATION_TOKEN = "DELEGATION_TOKEN"  # noqa: S105 - Kafka's word for a kind of resource
    USER = "USER"
    SUBJECT = "SUBJECT"
    """A subject of the schema registry: no kind of Kafka's, so its wire protocol never says it."""

    __hash__ = object.__hash__


class PatternType(Enum):
    """How the name in an access control list is read (KIP-290)."""

    LITERAL = "LITERAL"
    """This name alone; ``*`` is every name."""

    PREFIXED = "PREFIXED"
    """Every name that begins so."""

    __hash__ = object.__hash__


class Permission(Enum):
    """What an access control list says (Kafka's ``AclPermissionType``)."""

    ALLOW = "ALLOW"
    DENY = "DENY"


class Resource(NamedTuple):
    """One thing by kind and name."""

    kind: ResourceType
    name: str


class Acl(NamedTuple):
    """One access control list, in Kafka's sense: a single rule (``AclBinding``)."""

    resource_type: ResourceType
    pattern_type: PatternType
    resource_name: str
    principal: str
    """As ``User:alice``; ``User:*`` is everyone."""

    host: str
    """An address, a network as ``10.0.0.0/8``, or ``*``."""

    operation: Operation
    permission: Permission


class Ground(Enum):
    """Why an authorizer decided as it did."""

    OPEN = "this node does not ask who may"
    NOT_LOADED = "the access control lists are not loaded yet"
    SCOPE = "the scopes of the credential do not go so far"
    SUPER_USER = "super user"
    ACL = "an access control list says so"
    NO_ACL = "no access control list allows it"


class Decision(NamedTuple):
    """What an authorizer decided, and what decided it."""

    is_allowed: bool
    ground: Ground
    acl: Acl | None = None
    """The deciding rule, where one decided."""


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

GROUP_OPERATIONS = (Operation.READ, Operation.DELETE, Operation.DESCRIBE)
"""The operations that make sense on a group, in Kafka's order."""


def topic(name: str) -> Resource:
    """Return the topic resource of that name."""
    return Resource(ResourceType.TOPIC, name)


def group(group_id: str) -> Resource:
    """Return the group resource of that id."""
    return Resource(ResourceType.GROUP, group_id)


def subject(name: str) -> Resource:
    """Return the subject resource of that name."""
    return Resource(ResourceType.SUBJECT, name)


class Authorizer(Protocol):
    """Decides who may do what to which resource."""

    def authorize(self, principal: Principal, operation: Operation, resource: Resource) -> bool:
        """Return whether the principal may; never raises, never waits."""
        ...

    def authorize_any(self, principal: Principal, operation: Operation, kind: ResourceType) -> bool:
        """Return whether the principal may do it to at least one resource of the kind."""
        ...

    def explain(self, principal: Principal, operation: Operation, resource: Resource) -> Decision:
        """Return the same answer as ``authorize``, with what decided it."""
        ...


class AllowAll:
    """Everyone may do everything."""

    def authorize(self, principal: Principal, operation: Operation, resource: Resource) -> bool:
        """Return True."""
        del principal, operation, resource
        return True

    def authorize_any(self, principal: Principal, operation: Operation, kind: ResourceType) -> bool:
        """Return True."""
        del principal, operation, kind
        return True

    def explain(self, principal: Principal, operation: Operation, resource: Resource) -> Decision:
        """Return that nobody is asked."""
        del principal, operation, resource
        return Decision(is_allowed=True, ground=Ground.OPEN)

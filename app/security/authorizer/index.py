"""Index of access control lists: finds the rules that are about a principal and a resource.

Built once from a set of them and never changed. A question costs a few look-ups, whatever the
number of rules: those for this name, those for each length of a prefix that there is, those for
every name; for the principal and for everyone.

Rules of Kafka that hold here:
    A rule that denies and matches wins over all that allow.
    ALLOW of READ, WRITE, DELETE or ALTER is one of DESCRIBE too, of ALTER_CONFIGS one of
    DESCRIBE_CONFIGS; DENY means what it says. ALL is every operation.
    Nothing that matches: not allowed.
Source: ``org.apache.kafka.metadata.authorizer.StandardAuthorizerData``; KIP-290; KIP-679.
"""

from collections.abc import Iterable, Iterator, Mapping

from app.security.acls import Acl, Operation, PatternType, Permission, Resource, ResourceType
from app.security.authorizer.hosts import EVERY_HOST, matches_host

EVERY_NAME = "*"
EVERYONE = "User:*"

_IMPLIED_BY: Mapping[Operation, frozenset[Operation]] = {
    Operation.DESCRIBE: frozenset(
        {
            Operation.READ,
            Operation.WRITE,
            Operation.DELETE,
            Operation.ALTER,
        }
    ),
    Operation.DESCRIBE_CONFIGS: frozenset({Operation.ALTER_CONFIGS}),
}

_About = tuple[ResourceType, str]
"""Kind of resource, and the principal of a rule."""


class AclIndex:
    """A set of access control lists, ready to be asked."""

    def __init__(self, acls: Iterable[Acl]) -> None:
        """Sort the rules by what they are about."""
        self._literal: dict[tuple[ResourceType, str, str], list[Acl]] = {}
        self._prefixed: dict[tuple[ResourceType, str, str], list[Acl]] = {}
        self._allowing: dict[_About, list[Acl]] = {}
        lengths: dict[_About, set[int]] = {}
        for acl in acls:
            about = acl.resource_type, acl.principal
            key = (*about, acl.resource_name)
            if acl.pattern_type is PatternType.PREFIXED:
                self._prefixed.setdefault(key, []).append(acl)
                lengths.setdefault(about, set()).add(len(acl.resource_name))
            else:
                self._literal.setdefault(key, []).append(acl)
            if acl.permission is Permission.ALLOW:
                self._allowing.setdefault(about, []).append(acl)
        self._lengths = {about: sorted(found, reverse=True) for about, found in lengths.items()}

    def decide(
        self, principal: str, host: str, operation: Operation, resource: Resource
    ) -> Acl | None:
        """Return the rule that decides, the nearest to the resource's name; None if there is none.

        Args:
            principal: As ``User:alice``.
            host: The client's address.
            operation: What it wants to do.
            resource: To what.
        """
        allowed: Acl | None = None
        for acl in self._about(principal, resource):
            if _speaks_of(acl, operation, host):
                if acl.permission is Permission.DENY:
                    return acl
                if allowed is None:
                    allowed = acl
        return allowed

    def allows_any(
        self, principal: str, host: str, operation: Operation, kind: ResourceType
    ) -> bool:
        """Return whether there is a name of the kind to which it is allowed.

        A prefix counts when no denial covers all of it: some name below it is then free
        (``authorizeByResourceType``).
        """
        return any(
            _speaks_of(acl, operation, host)
            and not self._is_denied(principal, host, operation, acl)
            for owner in (principal, EVERYONE)
            for acl in self._allowing.get((kind, owner), ())
        )

    def _is_denied(self, principal: str, host: str, operation: Operation, acl: Acl) -> bool:
        """Return whether all names of an allowing rule are denied."""
        resource = Resource(acl.resource_type, acl.resource_name)
        only_one = acl.pattern_type is PatternType.LITERAL and acl.resource_name != EVERY_NAME
        wide = acl.pattern_type is PatternType.LITERAL and not only_one
        return any(
            one.permission is Permission.DENY and _speaks_of(one, operation, host)
            for one in self._about(principal, resource)
            if only_one or _is_every_name(one) or (_is_prefixed(one) and not wide)
        )

    def _about(self, principal: str, resource: Resource) -> Iterator[Acl]:
        """Yield the rules on a resource, whatever operation and host: exact ones first."""
        kind, name = resource
        owners = (principal, EVERYONE)
        for owner in owners:
            yield from self._literal.get((kind, owner, name), ())
        for owner in owners:
            for length in self._lengths.get((kind, owner), ()):
                if length <= len(name):
                    yield from self._prefixed.get((kind, owner, name[:length]), ())
        if name != EVERY_NAME:
            for owner in owners:
                yield from self._literal.get((kind, owner, EVERY_NAME), ())


def _is_every_name(acl: Acl) -> bool:
    return acl.pattern_type is PatternType.LITERAL and acl.resource_name == EVERY_NAME


def _is_prefixed(acl: Acl) -> bool:
    return acl.pattern_type is PatternType.PREFIXED


def _speaks_of(acl: Acl, operation: Operation, host: str) -> bool:
    said = acl.operation
    if said is operation or said is Operation.ALL:
        is_said = True
    else:
        is_said = acl.permission is Permission.ALLOW and said in _IMPLIED_BY.get(operation, ())
    return is_said and (acl.host == EVERY_HOST or matches_host(acl.host, host))

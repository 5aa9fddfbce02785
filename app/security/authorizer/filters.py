"""Filters of access control lists: which of them are meant.

A part that is None is any. A name with MATCH means every rule that could speak of a resource of
that name: it alone, prefixes of it, and ``*``; with ANY every rule that is written with that name.
Source: ``org.apache.kafka.common.resource.ResourcePatternFilter``; KIP-290.
"""

from enum import Enum
from typing import NamedTuple

from app.security.acls import Acl, Operation, PatternType, Permission, ResourceType
from app.security.authorizer.index import EVERY_NAME


class PatternFilter(Enum):
    """How the name of a filter is read (Kafka's ``PatternType``)."""

    ANY = "ANY"
    MATCH = "MATCH"
    LITERAL = "LITERAL"
    PREFIXED = "PREFIXED"


class AclFilter(NamedTuple):
    """Which access control lists are meant; all of them by default."""

    resource_type: ResourceType | None = None
    pattern_type: PatternFilter = PatternFilter.ANY
    resource_name: str | None = None
    principal: str | None = None
    host: str | None = None
    operation: Operation | None = None
    """As it is written: a filter of READ does not mean ALL."""

    permission: Permission | None = None
    among: frozenset[ResourceType] = frozenset(ResourceType)
    """The kinds of resources that whoever asks knows at all."""

    def means(self, acl: Acl) -> bool:
        """Return whether it is one of those meant."""
        return (
            self.resource_type in (None, acl.resource_type)
            and acl.resource_type in self.among
            and self._means_name(acl)
            and self.principal in (None, acl.principal)
            and self.host in (None, acl.host)
            and self.operation in (None, acl.operation)
            and self.permission in (None, acl.permission)
        )

    def _means_name(self, acl: Acl) -> bool:
        wanted, name = self.resource_name, acl.resource_name
        match self.pattern_type:
            case PatternFilter.ANY:
                return wanted in (None, name)
            case PatternFilter.MATCH:
                if wanted is None:
                    return True
                if acl.pattern_type is PatternType.PREFIXED:
                    return wanted.startswith(name)
                return name in (wanted, EVERY_NAME)
            case _:
                is_kind = acl.pattern_type.value == self.pattern_type.value
                return is_kind and wanted in (None, name)

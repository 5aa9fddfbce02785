"""Security image: who may log in and who may do what, at one version, immutable.

Each node works from one image and swaps it whole. A node that has none yet lets nobody in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.cluster.security_records import (
    AclRecord,
    ApiKeyRecord,
    DelegationTokenRecord,
    QuotaKey,
    ScramRecord,
    SecurityRecords,
    UserRecord,
)
from app.security.acls import Acl, Operation, PatternType, Permission, ResourceType
from app.security.scram_shapes import Shape, shapes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityImage:
    """Everything that the data plane asks about security, at one version."""

    version: int
    users: Mapping[str, UserRecord]
    scram: Mapping[tuple[str, str], ScramRecord]
    """By user and mechanism."""

    scram_shapes: tuple[Shape, ...]
    """Those that credentials for SCRAM have."""

    api_keys: Mapping[str, ApiKeyRecord]
    """By the key's id."""

    delegation_tokens: Mapping[str, DelegationTokenRecord]
    """By the token's id."""

    revoked: Mapping[str, int]
    """Ids of revoked tokens, and when each would have ended by itself."""

    acls: frozenset[Acl]
    quotas: Mapping[QuotaKey, float]


def image_of(records: SecurityRecords, before: SecurityImage | None = None) -> SecurityImage:
    """Return the image of what the tables hold.

    Args:
        records: All of it.
        before: An earlier image; its access control lists are taken over where they are the same.
    """
    return SecurityImage(
        version=records.version,
        users=MappingProxyType({one.name: one for one in records.users}),
        scram=MappingProxyType({(one.user, one.mechanism): one for one in records.scram}),
        scram_shapes=shapes_of(records.scram),
        api_keys=MappingProxyType({one.key_id: one for one in records.api_keys}),
        delegation_tokens=MappingProxyType(
            {one.token_id: one for one in records.delegation_tokens}
        ),
        revoked=MappingProxyType(dict(records.revoked)),
        acls=_acls(records.acls, before),
        quotas=MappingProxyType(dict(records.quotas)),
    )


def acl_of(record: AclRecord) -> Acl:
    """Return the access control list of a record."""
    return Acl(
        ResourceType(record.resource_type),
        PatternType(record.pattern_type),
        record.resource_name,
        record.principal,
        record.host,
        Operation(record.operation),
        Permission(record.permission),
    )


def record_of(acl: Acl) -> AclRecord:
    """Return the record of an access control list."""
    return AclRecord(
        acl.resource_type.value,
        acl.pattern_type.value,
        acl.resource_name,
        acl.principal,
        acl.host,
        acl.operation.value,
        acl.permission.value,
    )


def _acls(records: frozenset[AclRecord], before: SecurityImage | None) -> frozenset[Acl]:
    found = frozenset(acl_of(one) for one in records)
    # the same object, so that whoever has it sees at a glance that nothing changed
    return before.acls if before is not None and before.acls == found else found

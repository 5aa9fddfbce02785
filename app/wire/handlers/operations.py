"""Authorized operations: what a principal may do, as the bits that metadata answers carry.

Source: KIP-430; ``org.apache.kafka.common.acl.AclOperation`` (the numbers of the bits).
"""

from collections.abc import Iterable

from app.security.acls import CLUSTER, CLUSTER_OPERATIONS, Operation
from app.wire.call import Call

NOT_ASKED = -(2**31)
_BITS = {
    Operation.ALL: 2,
    Operation.READ: 3,
    Operation.WRITE: 4,
    Operation.CREATE: 5,
    Operation.DELETE: 6,
    Operation.ALTER: 7,
    Operation.DESCRIBE: 8,
    Operation.CLUSTER_ACTION: 9,
    Operation.DESCRIBE_CONFIGS: 10,
    Operation.ALTER_CONFIGS: 11,
    Operation.IDEMPOTENT_WRITE: 12,
    Operation.CREATE_TOKENS: 13,
    Operation.DESCRIBE_TOKENS: 14,
}


def operation_bits(operations: Iterable[Operation]) -> int:
    """Return a number with the bit of each operation set."""
    return sum(1 << _BITS[one] for one in set(operations))


def cluster_operation_bits(call: Call) -> int:
    """Return what the caller may do to the cluster; nothing is told to who may not see it."""
    authorize = call.broker.authorizer.authorize
    if not authorize(call.principal, Operation.DESCRIBE, CLUSTER):
        return 0
    return operation_bits(
        one for one in CLUSTER_OPERATIONS if authorize(call.principal, one, CLUSTER)
    )

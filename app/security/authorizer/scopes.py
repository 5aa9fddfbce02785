"""Scopes of a credential: they narrow what its user may, and never widen it.

A key or token made for reading cannot write, whoever's it is, a super user's too.
"""

from collections.abc import Mapping

from app.security.acls import Operation

_SEEING = frozenset({Operation.DESCRIBE, Operation.DESCRIBE_CONFIGS})

SCOPES: Mapping[str, frozenset[Operation]] = {
    "read": _SEEING | {Operation.READ},
    "write": _SEEING | {Operation.WRITE, Operation.IDEMPOTENT_WRITE},
    "admin": _SEEING
    | {
        Operation.CREATE,
        Operation.DELETE,
        Operation.ALTER,
        Operation.ALTER_CONFIGS,
        Operation.CLUSTER_ACTION,
        Operation.CREATE_TOKENS,
        Operation.DESCRIBE_TOKENS,
    },
}
"""The operations that each scope leaves."""


def covers(scopes: frozenset[str] | None, operation: Operation) -> bool:
    """Return whether a credential of these scopes may be used for it; None is no narrowing."""
    return scopes is None or any(operation in SCOPES.get(one, ()) for one in scopes)

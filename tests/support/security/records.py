"""Records of the security tables, one of each, with fields of a test's choice."""

from typing import Any

from app.cluster.security_records import (
    AclRecord,
    ApiKeyRecord,
    DelegationTokenRecord,
    RefreshTokenRecord,
    ScramRecord,
)


def scram(user: str = "alice", mechanism: str = "SCRAM-SHA-256", **changes: Any) -> ScramRecord:
    given: dict[str, Any] = {
        "salt": b"canary-salt",
        "iterations": 4096,
        "stored_key": b"canary-stored",
        "server_key": b"canary-server",
    } | changes
    return ScramRecord(user=user, mechanism=mechanism, **given)


def api_key(key_id: str = "k1", user: str = "alice", **changes: Any) -> ApiKeyRecord:
    given: dict[str, Any] = {
        "secret_hash": b"canary-hash" * 3,
        "scopes": frozenset({"read", "write"}),
        "description": "of a test",
        "created_at_ms": 1,
        "expires_at_ms": None,
    } | changes
    return ApiKeyRecord(key_id=key_id, user=user, **given)


def refresh_token(
    token_hash: bytes = b"canary-1", user: str = "alice", **changes: Any
) -> RefreshTokenRecord:
    given: dict[str, Any] = {
        "family": "f",
        "scopes": None,
        "expires_at_ms": 1_000,
        "login_ends_at_ms": 2**50,
    } | changes
    return RefreshTokenRecord(token_hash=token_hash, user=user, **given)


def delegation_token(token_id: str = "d1", **changes: Any) -> DelegationTokenRecord:
    given: dict[str, Any] = {
        "owner": "User:alice",
        "requester": "User:bob",
        "renewers": ("User:carol", "User:dan"),
        "hmac": b"canary-hmac",
        "issued_at_ms": 1,
        "expires_at_ms": 2,
        "max_at_ms": 3,
    } | changes
    return DelegationTokenRecord(token_id=token_id, **given)


def acl(name: str = "orders", **changes: str) -> AclRecord:
    given = {
        "resource_type": "TOPIC",
        "pattern_type": "LITERAL",
        "resource_name": name,
        "principal": "User:alice",
        "host": "*",
        "operation": "READ",
        "permission": "ALLOW",
    } | changes
    return AclRecord(**given)

"""Rows of the security tables to records, and back."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.cluster import security_tables as tables
from app.cluster.security_records import (
    AclRecord,
    ApiKeyRecord,
    DelegationTokenRecord,
    QuotaKey,
    RefreshTokenRecord,
    ScramRecord,
    SecurityRecords,
    UserRecord,
)
from app.cluster.tables import cluster


async def load(connection: AsyncConnection) -> SecurityRecords:
    """Read everything that nodes work with; the transaction sees one moment."""
    version = (await connection.execute(select(cluster.c.security_version))).scalar_one()
    quotas = (await connection.execute(select(tables.quotas))).all()
    revoked = (await connection.execute(select(tables.revoked_tokens))).all()
    delegated = (await connection.execute(select(tables.delegation_tokens))).all()
    return SecurityRecords(
        version=int(version),
        users=tuple(user(row) for row in await connection.execute(select(tables.users))),
        scram=tuple(
            scram(row) for row in await connection.execute(select(tables.scram_credentials))
        ),
        api_keys=tuple(api_key(row) for row in await connection.execute(select(tables.api_keys))),
        delegation_tokens=tuple(delegation_token(row) for row in delegated),
        revoked={str(row.id): int(row.expires_at_ms) for row in revoked},
        acls=frozenset(await acls(connection)),
        quotas={
            QuotaKey(row.user_name, row.client_id, row.ip, row.name): row.value for row in quotas
        },
    )


async def acls(connection: AsyncConnection) -> set[AclRecord]:
    """Read all access control lists."""
    columns = [tables.acls.c[name] for name in AclRecord._fields]
    return {AclRecord(*row) for row in await connection.execute(select(*columns))}


def user(row: Row[Any]) -> UserRecord:
    """Return a row of users."""
    return UserRecord(
        name=row.name,
        password_hash=row.password_hash,
        generation=row.generation,
        created_at_ms=row.created_at_ms,
    )


def of_user(record: UserRecord) -> Mapping[str, object]:
    """Return a user's row."""
    return {
        "name": record.name,
        "password_hash": record.password_hash,
        "generation": record.generation,
        "created_at_ms": record.created_at_ms,
    }


def scram(row: Row[Any]) -> ScramRecord:
    """Return a row of SCRAM credentials."""
    return ScramRecord(
        user=row.user_name,
        mechanism=row.mechanism,
        salt=row.salt,
        iterations=row.iterations,
        stored_key=row.stored_key,
        server_key=row.server_key,
    )


def of_scram(record: ScramRecord) -> dict[str, object]:
    """Return a SCRAM credential's row."""
    return {
        "user_name": record.user,
        "mechanism": record.mechanism,
        "salt": record.salt,
        "iterations": record.iterations,
        "stored_key": record.stored_key,
        "server_key": record.server_key,
    }


def api_key(row: Row[Any]) -> ApiKeyRecord:
    """Return a row of API keys."""
    return ApiKeyRecord(
        key_id=row.key_id,
        user=row.user_name,
        secret_hash=row.secret_hash,
        scopes=_scopes(row.scopes),
        description=row.description,
        created_at_ms=row.created_at_ms,
        expires_at_ms=row.expires_at_ms,
        last_used_at_ms=row.last_used_at_ms,
    )


def of_api_key(record: ApiKeyRecord) -> Mapping[str, object]:
    """Return an API key's row."""
    return {
        "key_id": record.key_id,
        "user_name": record.user,
        "secret_hash": record.secret_hash,
        "scopes": _of_scopes(record.scopes),
        "description": record.description,
        "created_at_ms": record.created_at_ms,
        "expires_at_ms": record.expires_at_ms,
        "last_used_at_ms": record.last_used_at_ms,
    }


def refresh_token(row: Row[Any]) -> RefreshTokenRecord:
    """Return a row of refresh tokens."""
    return RefreshTokenRecord(
        token_hash=row.token_hash,
        family=row.family,
        user=row.user_name,
        scopes=_scopes(row.scopes),
        expires_at_ms=row.expires_at_ms,
        login_ends_at_ms=row.login_ends_at_ms,
        used_at_ms=row.used_at_ms,
    )


def of_refresh_token(record: RefreshTokenRecord) -> Mapping[str, object]:
    """Return a refresh token's row."""
    return {
        "token_hash": record.token_hash,
        "family": record.family,
        "user_name": record.user,
        "scopes": _of_scopes(record.scopes),
        "expires_at_ms": record.expires_at_ms,
        "login_ends_at_ms": record.login_ends_at_ms,
        "used_at_ms": record.used_at_ms,
    }


def delegation_token(row: Row[Any]) -> DelegationTokenRecord:
    """Return a row of delegation tokens."""
    return DelegationTokenRecord(
        token_id=row.token_id,
        owner=row.owner,
        requester=row.requester,
        renewers=tuple(row.renewers),
        hmac=row.hmac,
        issued_at_ms=row.issued_at_ms,
        expires_at_ms=row.expires_at_ms,
        max_at_ms=row.max_at_ms,
    )


def of_delegation_token(record: DelegationTokenRecord) -> Mapping[str, object]:
    """Return a delegation token's row."""
    return {
        "token_id": record.token_id,
        "owner": record.owner,
        "requester": record.requester,
        "renewers": list(record.renewers),
        "hmac": record.hmac,
        "issued_at_ms": record.issued_at_ms,
        "expires_at_ms": record.expires_at_ms,
        "max_at_ms": record.max_at_ms,
    }


def of_quota(key: QuotaKey, value: float) -> dict[str, object]:
    """Return a quota's row."""
    return {
        "user_name": key.user,
        "client_id": key.client_id,
        "ip": key.ip,
        "name": key.name,
        "value": value,
    }


def _scopes(value: list[str] | None) -> frozenset[str] | None:
    return None if value is None else frozenset(value)


def _of_scopes(scopes: frozenset[str] | None) -> list[str] | None:
    return None if scopes is None else sorted(scopes)

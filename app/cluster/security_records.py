"""What the security tables hold, as immutable records; none shows a secret when it is printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRecord:
    """Someone who may log in."""

    name: str
    password_hash: str | None = field(repr=False)
    """Argon2id's text; None for a user without a password."""

    generation: int
    """The security version at which the user's credentials last changed; never used again."""

    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScramRecord:
    """What a server keeps of a password to check SCRAM's proofs (RFC 5802)."""

    user: str
    mechanism: str
    salt: bytes = field(repr=False)
    iterations: int
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRecord:
    """A key for programs."""

    key_id: str
    user: str
    secret_hash: bytes = field(repr=False)
    """SHA-256 of the whole key."""

    scopes: frozenset[str] | None
    description: str
    created_at_ms: int
    expires_at_ms: int | None
    last_used_at_ms: int | None = None
    """Written now and then: what a node has of it in its image may be old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenRecord:
    """A token that is good for one more access token; it has one successor."""

    token_hash: bytes = field(repr=False)
    family: str
    """All that came of one login."""

    user: str
    scopes: frozenset[str] | None
    expires_at_ms: int
    login_ends_at_ms: int
    """When no successor is good any more."""

    used_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationTokenRecord:
    """A delegation token (KIP-48)."""

    token_id: str
    owner: str
    """As ``User:alice``; so are those below."""

    requester: str
    renewers: tuple[str, ...]
    hmac: bytes = field(repr=False)
    """A digest of its secret, by which it is found."""

    issued_at_ms: int
    expires_at_ms: int
    max_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRecord:
    """What a login rests on: it has ended if one part is there no more."""

    user: str
    generation: int | None = None
    """Of the user; None for a login that does not end with it."""

    key_id: str = ""
    """An API key of the user's; none if empty."""

    revoked_by: frozenset[str] = frozenset()
    """Ids of revoked tokens that would end it."""


class AclRecord(NamedTuple):
    """One access control list, in the words of the tables."""

    resource_type: str
    pattern_type: str
    resource_name: str
    principal: str
    host: str
    operation: str
    permission: str


class QuotaKey(NamedTuple):
    """Whose quota, and of what; a part not named is empty, ``<default>`` is everyone's."""

    user: str
    client_id: str
    ip: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityRecords:
    """All that nodes work with, at one version."""

    version: int
    users: tuple[UserRecord, ...]
    scram: tuple[ScramRecord, ...]
    api_keys: tuple[ApiKeyRecord, ...]
    delegation_tokens: tuple[DelegationTokenRecord, ...]
    revoked: Mapping[str, int]
    """Ids of revoked tokens, and when each would have ended by itself."""

    acls: frozenset[AclRecord]
    quotas: Mapping[QuotaKey, float]

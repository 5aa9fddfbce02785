"""Who is asking.

Kafka writes a principal as ``User:alice``; one that did not authenticate is ``User:ANONYMOUS``.
A door makes one principal for a connection or a request. Two of them are equal when they name the
same party; where it comes from and what it logged in with are not who it is.
Source: Kafka docs, security, "Authorization and ACLs".
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum


class CredentialKind(StrEnum):
    """What a party showed when it logged in."""

    PASSWORD = "password"  # noqa: S105 - a kind of credential
    SCRAM = "scram"
    API_KEY = "api_key"
    ACCESS_TOKEN = "access_token"  # noqa: S105 - likewise
    DELEGATION_TOKEN = "delegation_token"  # noqa: S105 - likewise
    OIDC = "oidc"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a party logged in with, so that a revocation finds it; no secret."""

    kind: CredentialKind
    id: str
    """The user's name, or the id of the key or token."""

    generation: int = 0
    """That of the user when it logged in: another one means that its credentials changed since."""

    login: str = ""
    """Of an access token: the login whose refresh tokens it came of, with which it ends."""

    key_id: str = ""
    """Of an access token: the API key that it was got with, with which it ends."""

    issuer: str = ""
    """Of a certificate: who signed it."""

    serial: int = 0
    """Of a certificate: its number there, by which it is revoked."""


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated (or anonymous) party."""

    name: str
    kind: str = "User"
    host: str = field(default="", compare=False, kw_only=True)
    """Address that it comes from, without the port."""

    client_id: str = field(default="", compare=False, kw_only=True)
    """What it calls itself; quotas know clients by it."""

    scopes: frozenset[str] | None = field(default=None, compare=False, kw_only=True)
    """What its credential is narrowed to; None for all that the user may."""

    credential: Credential | None = field(default=None, compare=False, kw_only=True)
    """What it logged in with; None for one that did not."""

    expires_at_ms: int | None = field(default=None, compare=False, kw_only=True)
    """When it must have logged in anew; None for never."""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    def from_host(self, host: str) -> "Principal":
        """Return the same party, coming from this address."""
        return replace(self, host=host)


ANONYMOUS = Principal("ANONYMOUS")

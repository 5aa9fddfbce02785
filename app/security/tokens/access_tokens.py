"""Access tokens issued here: signed, short-lived, good on every node of the cluster.

They are JWTs after RFC 9068, signed by HMAC-SHA-256 with a secret of the cluster's database. All
that check them are nodes of the cluster, which have that secret anyway, so a pair of keys would add
nothing but a slower check. No key of an identity provider is ever used for them, nor theirs for
tokens of a provider: the algorithms have nothing in common, so none can be taken for another.

Invariants:
    A token that is read was issued by this cluster, for this cluster, and is within its time.
    Whether its user, key or login still stands is said by the security image, not here.
Called by: bearers, grants. Calls: compact, signatures.
"""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from app.security.principal import Credential, CredentialKind, Principal
from app.security.tokens.compact import BadToken, Unverified, text_of, time_ms_of

KEY_NAME = "access-token-key"
"""What the cluster's secret for them is called."""

ALGORITHM = "HS256"
TYPE = "at+jwt"
LIFE_MS = 15 * 60 * 1000
SKEW_MS = 60 * 1000
"""How far the clocks of two nodes may be apart."""

ID_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What somebody was found to be, and is to get a token for."""

    user: str
    generation: int
    """The user's, when it logged in."""

    scopes: frozenset[str] | None = None
    """What the token is narrowed to; None for all that the user may."""

    login: str = ""
    """The family of its refresh tokens; none if empty."""

    key_id: str = ""
    """The API key that it was got with; none if empty."""

    ends_at_ms: int | None = None
    """When what it was got with ends: the token ends no later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """One that was just issued."""

    token: str = field(repr=False)
    id: str
    expires_at_ms: int


class AccessTokens:
    """Issues and reads them."""

    def __init__(self, secret: bytes, cluster_id: str) -> None:
        """Sign in the name of a cluster.

        Args:
            secret: Of the cluster, for this alone.
            cluster_id: Whom the tokens are for.
        """
        self._secret = secret
        self._audience = cluster_id
        self._issuer = f"urn:cauce:{cluster_id}"
        self._key: Any = None

    def issue(self, grant: Grant, now_ms: int) -> AccessToken:
        """Return a new token, in whole seconds."""
        issued_at = now_ms // 1000
        expires_at = issued_at + LIFE_MS // 1000
        if grant.ends_at_ms is not None:
            expires_at = min(expires_at, grant.ends_at_ms // 1000)
        token_id = secrets.token_urlsafe(ID_BYTES)
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": grant.user,
            "jti": token_id,
            "iat": issued_at,
            "exp": expires_at,
            "generation": grant.generation,
        }
        if grant.scopes is not None:
            claims["scope"] = " ".join(sorted(grant.scopes))
        claims |= {"login": grant.login} if grant.login else {}
        claims |= {"key_id": grant.key_id} if grant.key_id else {}
        header = {"alg": ALGORITHM, "typ": TYPE}
        payload = json.dumps(claims, separators=(",", ":")).encode()
        token = load_library().sign(header, payload, self._signing_key())
        return AccessToken(token=token, id=token_id, expires_at_ms=expires_at * 1000)

    def read(self, token: str, said: Unverified, now_ms: int) -> Principal:
        """Return who has a token.

        Args:
            token: As it was shown.
            said: What it says.
            now_ms: Wall-clock time.

        Raises:
            BadToken: It was not issued here, or its time is over or yet to come.
        """
        if said.algorithm != ALGORITHM or said.type != TYPE:
            raise BadToken("a token that is not one of ours")
        load_library().verify(token, self._signing_key(), ALGORITHM)
        claims = said.claims
        if claims.get("iss") != self._issuer or claims.get("aud") != self._audience:
            raise BadToken("a token of another cluster")
        expires_at_ms, issued_at_ms = time_ms_of(claims, "exp"), time_ms_of(claims, "iat")
        if expires_at_ms is None or expires_at_ms <= now_ms:
            raise BadToken("an expired token")
        if issued_at_ms is None or issued_at_ms > now_ms + SKEW_MS:
            raise BadToken("a token that is not valid yet")
        generation = claims.get("generation")
        if type(generation) is not int:
            raise BadToken("a token without a generation")
        return Principal(
            text_of(claims, "sub"),
            scopes=frozenset(text_of(claims, "scope").split()) if "scope" in claims else None,
            credential=Credential(
                CredentialKind.ACCESS_TOKEN,
                text_of(claims, "jti"),
                generation,
                login=text_of(claims, "login") if "login" in claims else "",
                key_id=text_of(claims, "key_id") if "key_id" in claims else "",
            ),
            expires_at_ms=expires_at_ms,
        )

    def _signing_key(self) -> Any:
        if self._key is None:
            self._key = load_library().secret_key(self._secret)
        return self._key


def load_library() -> Any:
    """Return what signs, imported now if it is not yet."""
    from app.security.tokens import signatures  # noqa: PLC0415 - takes 0.15 s: see there

    return signatures

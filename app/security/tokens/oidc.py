"""OIDC: whose a token of an identity provider is.

Who issued it, whom it is for and by which algorithm it is signed are compared with what the
operator said, and with nothing that the token brings.

Invariants:
    A principal is made of a token only if its signature, issuer, audience, times and name are good.
    Algorithms with a shared secret, and none, are never taken.
    All spellings of a token have one id, so that who has one of them revoked has them all revoked.
Called by: bearers. Calls: compact, provider_keys, signatures.
Source: OpenID Connect Core 1.0 (3.1.3.7), RFC 7519 (4.1), RFC 8725, RFC 9068; Kafka's names of the
settings (``sasl.oauthbearer.*``, KIP-768).
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from app.security.principal import ANONYMOUS, Credential, CredentialKind, Principal
from app.security.tokens.compact import BadToken, Unverified, text_of, time_ms_of
from app.security.tokens.oidc_rules import OidcRules
from app.security.tokens.provider_keys import ProviderKeys
from app.security.tokens.signatures import verify

NAME_CHARS_MAX = 255
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""What a token may say that it is (RFC 7519, 5.1; RFC 9068, 2.1); it need not say so."""


class Oidc:
    """Reads the tokens of one provider."""

    def __init__(self, rules: OidcRules, keys: ProviderKeys) -> None:
        """Go by these rules and keys."""
        self._rules = rules
        self._keys = keys

    @property
    def keys_version(self) -> int:
        """Another number than before means that the provider's keys changed."""
        return self._keys.version

    async def run(self) -> None:
        """Follow the provider's keys until cancelled."""
        await self._keys.run()

    async def read(self, token: str, said: Unverified, now_ms: int) -> Principal:
        """Return who has a token.

        Raises:
            BadToken: It is not one of the provider's for us, or not of this time.
        """
        if said.algorithm not in self._rules.algorithms:
            raise BadToken("a token of an algorithm that is not taken")
        if said.type is not None and said.type.lower() not in TYPES:
            raise BadToken("a token that is for something else")
        claims = said.claims
        expires_at_ms = self._check(claims, now_ms)  # before a key is fetched for it
        name = text_of(claims, self._rules.name_claim)
        if len(name) > NAME_CHARS_MAX or not name.isprintable() or name == ANONYMOUS.name:
            raise BadToken("a token of a name that is none")
        verify(token, await self._keys.find(said.key_id, said.algorithm), said.algorithm)
        return Principal(
            name,
            credential=Credential(CredentialKind.OIDC, _id_of(token)),
            expires_at_ms=expires_at_ms,
        )

    def _check(self, claims: Mapping[str, Any], now_ms: int) -> int:
        """Return when a token is over.

        Raises:
            BadToken: It is another's, for another, or not of this time.
        """
        rules = self._rules
        if text_of(claims, "iss") != rules.issuer:
            raise BadToken("a token of another issuer")
        audiences = claims.get("aud")
        listed = [audiences] if isinstance(audiences, str) else audiences
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise BadToken("a token whose audience is none")
        if rules.audiences.isdisjoint(listed):
            raise BadToken("a token for another audience")
        expires_at_ms = time_ms_of(claims, "exp")
        if expires_at_ms is None or expires_at_ms + rules.skew_ms <= now_ms:
            raise BadToken("an expired token")
        for name in ("nbf", "iat"):
            begins_at_ms = time_ms_of(claims, name)
            if begins_at_ms is not None and begins_at_ms > now_ms + rules.skew_ms:
                raise BadToken("a token that is not valid yet")
        return expires_at_ms + rules.skew_ms


def _id_of(token: str) -> str:
    """Return what a token is revoked by: its signature is not in it.

    Whoever has a signature of ECDSA can make another of it that is good for the same text
    (``s`` and ``n - s``), without the key.
    """
    return hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()


def provider_of(rules: OidcRules, clock: Any) -> Oidc:
    """Return who reads tokens by these rules, with keys from their address."""
    return Oidc(rules, ProviderKeys(rules.jwks_url, clock, ca_file=rules.ca_file))

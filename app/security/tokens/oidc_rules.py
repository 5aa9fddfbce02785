"""Rules of OIDC: which provider's tokens are taken, and which of them; no library is needed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcRules:
    """What the operator said."""

    jwks_url: str
    issuer: str
    audiences: frozenset[str]
    algorithms: frozenset[str]
    name_claim: str
    skew_ms: int
    """How far the provider's clock may be from ours."""

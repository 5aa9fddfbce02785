"""Rules of OIDC: which provider's tokens are taken, and which of them; no library is needed."""

from dataclasses import dataclass
from pathlib import Path


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

    ca_file: Path | None = None
    """Who signs the certificate of the keys' address; the machine's authorities if None."""

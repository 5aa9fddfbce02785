"""The bodies of the token routes: OAuth 2's names (RFC 6749, RFC 7009), ours for the rest."""

from typing import Literal

from pydantic import BaseModel, Field

from app.api.v3.models import Int64

SCRAM_GRANT = "urn:cauce:grant-type:scram"
"""RFC 6749, 4.5: a grant of our own is named by a URI."""

GrantType = Literal["client_credentials", "refresh_token", "urn:cauce:grant-type:scram"]


class TokenRequest(BaseModel):
    """What is asked for, as a form or as JSON."""

    grant_type: GrantType
    client_id: str | None = Field(None, description="A user, or the id of an API key.")
    client_secret: str | None = Field(
        None, repr=False, description="Its password, or the key's secret."
    )
    scope: str | None = Field(None, description="`read`, `write`, `admin`; all if absent.")
    refresh_token: str | None = Field(None, repr=False)
    mechanism: str | None = Field(None, description="Of SCRAM; SCRAM-SHA-256 if absent.")
    exchange: str | None = Field(None, description="What the first call of SCRAM answered.")
    message: str | None = Field(None, repr=False, description="The client's message of SCRAM.")


class TokenAnswer(BaseModel):
    """Tokens; or, of the first call of SCRAM, the server's message."""

    access_token: str | None = Field(None, repr=False)
    token_type: Literal["Bearer"] | None = None
    expires_in: Int64 | None = Field(None, description="Seconds.")
    scope: str | None = None
    refresh_token: str | None = Field(None, repr=False)
    exchange: str | None = None
    message: str | None = Field(None, description="The server's message of SCRAM.")


class TokenError(BaseModel):
    """A refusal in OAuth 2's shape."""

    error: str
    error_description: str


class RevokeRequest(BaseModel):
    """A token to be revoked, with all that came of the same login if it is a refresh token."""

    token: str = Field(repr=False)
    token_type_hint: str | None = None


class WhoAmI(BaseModel):
    """Who asks."""

    kind: Literal["CauceWhoAmI"] = "CauceWhoAmI"
    principal: str
    host: str
    credential: str | None = Field(description="The kind of what was shown; null for nothing.")
    scopes: list[str] | None = Field(description="What it is narrowed to; null for all.")
    expires_at_ms: Int64 | None

"""Revocation: whether what a party logged in with still stands in a security image.

Rules:
    A password or SCRAM login ends when the user's credentials change, or the user goes.
    An API key's login ends with the key or its user.
    An access token's ends when it or the login that it came of is revoked, with the API key that
    it was got with, or as a password's would.
    A delegation token's ends with the token; its owner need not be a user of ours.
    An OIDC token's ends when it is revoked; of certificates others know (``tls.revoked``).
What has ended makes no key and no delegation token: the catalog asks the same of its tables.
"""

from app.cluster.security_records import LoginRecord
from app.security.image import SecurityImage
from app.security.principal import CredentialKind, Principal

_OF_A_USER = (CredentialKind.PASSWORD, CredentialKind.SCRAM, CredentialKind.ACCESS_TOKEN)
_BY_TOKEN_ID = (CredentialKind.ACCESS_TOKEN, CredentialKind.OIDC)


def stands(principal: Principal, image: SecurityImage, now_ms: int) -> bool:
    """Return whether a login is as good as it was when it was made.

    Args:
        principal: Who logged in; one without a credential did not, and stands.
        image: What is known of credentials.
        now_ms: Wall-clock time.
    """
    if principal.expires_at_ms is not None and principal.expires_at_ms <= now_ms:
        return False
    credential, login = principal.credential, rests_on(principal)
    if credential is None or login is None:
        return True
    if credential.kind is CredentialKind.DELEGATION_TOKEN:
        token = image.delegation_tokens.get(credential.id)
        return token is not None and now_ms < token.expires_at_ms
    return _stands(login, image)


def rests_on(principal: Principal) -> LoginRecord | None:
    """Return what a login ends with, but for a delegation token; None without a credential."""
    credential = principal.credential
    if credential is None:
        return None
    kind = credential.kind
    ids = {credential.id, credential.login} - {""} if kind in _BY_TOKEN_ID else ()
    return LoginRecord(
        user=principal.name,
        generation=credential.generation if kind in _OF_A_USER else None,
        key_id=credential.id if kind is CredentialKind.API_KEY else credential.key_id,
        revoked_by=frozenset(ids),
    )


def _stands(login: LoginRecord, image: SecurityImage) -> bool:
    user = image.users.get(login.user)
    if any(one in image.revoked for one in login.revoked_by):
        return False
    if login.key_id:
        key = image.api_keys.get(login.key_id)
        if key is None or key.user != login.user or user is None:
            return False
    return login.generation is None or (user is not None and user.generation == login.generation)

"""Revocation: whether what a party logged in with still stands in a security image.

Rules:
    A password or SCRAM login ends when the user's credentials change, or the user goes.
    An API key's login ends with the key or its user.
    An access token's ends when it or the login that it came of is revoked, with the API key that
    it was got with, or as a password's would.
    A delegation token's ends with the token; its owner need not be a user of ours.
    An OIDC token's ends when it is revoked; certificates are not revoked here.
"""

from app.security.image import SecurityImage
from app.security.principal import Credential, CredentialKind, Principal

_OF_A_USER = (CredentialKind.PASSWORD, CredentialKind.SCRAM, CredentialKind.ACCESS_TOKEN)
_BY_TOKEN_ID = (CredentialKind.ACCESS_TOKEN, CredentialKind.OIDC)


def stands(principal: Principal, image: SecurityImage, now_ms: int) -> bool:
    """Return whether a login is as good as it was when it was made.

    Args:
        principal: Who logged in; one without a credential did not, and stands.
        image: What is known of credentials.
        now_ms: Wall-clock time.
    """
    credential = principal.credential
    if principal.expires_at_ms is not None and principal.expires_at_ms <= now_ms:
        return False
    return credential is None or _stands(credential, principal.name, image, now_ms)


def _stands(credential: Credential, name: str, image: SecurityImage, now_ms: int) -> bool:
    kind = credential.kind
    if kind in _BY_TOKEN_ID and (
        credential.id in image.revoked or credential.login in image.revoked
    ):
        return False
    if credential.key_id and not _has_key(credential.key_id, name, image):
        return False
    if kind in _OF_A_USER:
        user = image.users.get(name)
        return user is not None and user.generation == credential.generation
    if kind is CredentialKind.API_KEY:
        return _has_key(credential.id, name, image)
    if kind is CredentialKind.DELEGATION_TOKEN:
        token = image.delegation_tokens.get(credential.id)
        return token is not None and now_ms < token.expires_at_ms
    return True


def _has_key(key_id: str, name: str, image: SecurityImage) -> bool:
    key = image.api_keys.get(key_id)
    return key is not None and key.user == name and name in image.users

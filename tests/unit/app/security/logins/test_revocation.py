"""Which logins still stand: each kind of credential, each thing that ends it."""

import pytest

from app.cluster.security_records import SecurityRecords, UserRecord
from app.security.image import SecurityImage, image_of
from app.security.logins.revocation import stands
from app.security.principal import ANONYMOUS, Credential, CredentialKind, Principal
from tests.support.security.records import api_key, delegation_token

NOW_MS = 100


def image(*, user: int | None = 7) -> SecurityImage:
    """Alice of a generation, her key, a token of hers, one revoked token."""
    alice = UserRecord(name="alice", password_hash=None, generation=user or 0, created_at_ms=1)
    return image_of(
        SecurityRecords(
            version=9,
            users=() if user is None else (alice,),
            scram=(),
            api_keys=() if user is None else (api_key("k1"),),
            delegation_tokens=(
                delegation_token("d1", expires_at_ms=NOW_MS + 1),
                delegation_token("old", expires_at_ms=NOW_MS),
            ),
            revoked={"gone": 500},
            acls=frozenset(),
            quotas={},
        )
    )


def who(kind: CredentialKind, credential_id: str, generation: int = 7) -> Principal:
    return Principal("alice", credential=Credential(kind, credential_id, generation))


OF_A_USER = [
    who(CredentialKind.PASSWORD, "alice"),
    who(CredentialKind.SCRAM, "alice"),
    who(CredentialKind.ACCESS_TOKEN, "t1"),
]


@pytest.mark.parametrize("principal", OF_A_USER)
def test_login_of_a_user_ends_with_its_credentials_and_with_the_user(principal: Principal) -> None:
    assert stands(principal, image(), NOW_MS)
    assert not stands(principal, image(user=8), NOW_MS)
    assert not stands(principal, image(user=None), NOW_MS)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (CredentialKind.API_KEY, "k1", "k2"),
        (CredentialKind.ACCESS_TOKEN, "t1", "gone"),
        (CredentialKind.OIDC, "t1", "gone"),
        (CredentialKind.DELEGATION_TOKEN, "d1", "d2"),
        (CredentialKind.DELEGATION_TOKEN, "d1", "old"),
    ],
)
def test_key_or_token_ends_by_its_id(kind: CredentialKind, good: str, bad: str) -> None:
    assert stands(who(kind, good), image(), NOW_MS)
    assert not stands(who(kind, bad), image(), NOW_MS)


def test_key_of_another_user_is_none() -> None:
    credential = Credential(CredentialKind.API_KEY, "k1")

    assert not stands(Principal("bob", credential=credential), image(), NOW_MS)


def test_every_login_ends_when_its_time_is_over() -> None:
    for credential in (None, Credential(CredentialKind.CERTIFICATE, "CN=alice")):
        one = Principal("alice", credential=credential, expires_at_ms=NOW_MS)
        assert stands(one, image(), NOW_MS - 1)
        assert not stands(one, image(), NOW_MS)


def test_who_did_not_log_in_stands() -> None:
    assert stands(ANONYMOUS, image(user=None), NOW_MS)


def test_access_token_ends_with_the_login_or_the_key_that_it_came_of() -> None:
    def token(**came_of: str) -> Principal:
        credential = Credential(CredentialKind.ACCESS_TOKEN, "t1", 7, **came_of)
        return Principal("alice", credential=credential)

    assert stands(token(login="other", key_id="k1"), image(), NOW_MS)
    assert not stands(token(login="gone"), image(), NOW_MS)
    assert not stands(token(key_id="k2"), image(), NOW_MS)
    assert not stands(token(key_id="k1"), image(user=None), NOW_MS)

"""Access tokens: what is issued is read, by this cluster, in its time, and nothing else is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.security.principal import CredentialKind
from app.security.tokens.access_tokens import LIFE_MS, SKEW_MS, AccessTokens, Grant
from app.security.tokens.compact import BadToken, read_compact
from app.security.tokens.signatures import secret_key, sign
from tests.support.security.forging import part

SECRET, CLUSTER = b"s" * 32, "cluster-1"
TOKENS = AccessTokens(SECRET, CLUSTER)
NOW_MS = 1_800_000_000_000
GRANT = Grant(user="alice", generation=7)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def read(token: str, now_ms: int = NOW_MS, tokens: AccessTokens = TOKENS) -> Any:
    return tokens.read(token, read_compact(token), now_ms)


def refused(token: str, now_ms: int = NOW_MS, tokens: AccessTokens = TOKENS) -> None:
    with pytest.raises(BadToken) as caught:
        read(token, now_ms, tokens)
    assert token[20:40] not in str(caught.value)


def forged(header: dict[str, str] | None = None, **claims: Any) -> str:
    """Return a token that the secret signed and this code did not make."""
    whole = {
        "iss": f"urn:cauce:{CLUSTER}",
        "aud": CLUSTER,
        "sub": "alice",
        "jti": "t",
        "iat": NOW_MS // 1000,
        "exp": NOW_MS // 1000 + 60,
        "generation": 7,
    } | claims
    kept = {name: value for name, value in whole.items() if value is not ...}
    head = {"alg": "HS256", "typ": "at+jwt"} | (header or {})
    return sign(head, json.dumps(kept).encode(), secret_key(SECRET))


@given(
    user=some.text(some.characters(exclude_categories=["Cs"]), min_size=1, max_size=50),
    generation=some.integers(0, 2**62),
    scopes=some.none() | some.sets(some.sampled_from(["read", "write", "admin"]), min_size=1),
    login=some.text("abc", max_size=5),
    key_id=some.text("abc", max_size=5),
)
def test_what_is_issued_is_read(
    user: str, generation: int, scopes: set[str] | None, login: str, key_id: str
) -> None:
    grant = Grant(
        user=user,
        generation=generation,
        scopes=None if scopes is None else frozenset(scopes),
        login=login,
        key_id=key_id,
    )

    issued = TOKENS.issue(grant, NOW_MS)
    found = read(issued.token)

    assert (found.name, found.scopes) == (user, grant.scopes)
    assert found.expires_at_ms == issued.expires_at_ms == NOW_MS + LIFE_MS
    credential = found.credential
    assert (credential.kind, credential.id) == (CredentialKind.ACCESS_TOKEN, issued.id)
    assert (credential.generation, credential.login, credential.key_id) == (
        generation,
        login,
        key_id,
    )


@given(place=some.integers(0, 10_000), letter=some.sampled_from(LETTERS + ".=+"))
def test_one_letter_changed_is_another_token(place: int, letter: str) -> None:
    token = TOKENS.issue(GRANT, NOW_MS).token
    place %= len(token)
    altered = token[:place] + letter + token[place + 1 :]

    if altered != token:
        refused(altered)


def test_no_two_tokens_are_the_same_and_none_shows_itself() -> None:
    one, other = TOKENS.issue(GRANT, NOW_MS), TOKENS.issue(GRANT, NOW_MS)

    assert one.id != other.id
    assert one.token not in repr(one)


def test_token_is_good_until_its_end_and_not_after_what_it_was_got_with() -> None:
    issued = TOKENS.issue(GRANT, NOW_MS)
    short = TOKENS.issue(Grant(user="a", generation=1, ends_at_ms=NOW_MS + 5_500), NOW_MS)

    read(issued.token, issued.expires_at_ms - 1)
    refused(issued.token, issued.expires_at_ms)
    assert short.expires_at_ms == NOW_MS + 5_000
    refused(short.token, NOW_MS + 5_000)


def test_token_of_another_cluster_or_secret_is_refused() -> None:
    token = TOKENS.issue(GRANT, NOW_MS).token

    refused(token, tokens=AccessTokens(SECRET, "cluster-2"))
    refused(token, tokens=AccessTokens(b"t" * 32, CLUSTER))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "urn:cauce:other"},
        {"iss": ...},
        {"aud": "other"},
        {"aud": [CLUSTER]},
        {"aud": ...},
        {"sub": 5},
        {"sub": ""},
        {"sub": None},
        {"sub": ...},
        {"jti": ...},
        {"jti": 5},
        {"exp": ...},
        {"exp": None},
        {"exp": str(NOW_MS)},
        {"exp": True},
        {"exp": 1e300},
        {"exp": NOW_MS // 1000},
        {"iat": ...},
        {"iat": (NOW_MS + SKEW_MS) // 1000 + 1},
        {"generation": ...},
        {"generation": True},
        {"generation": 7.0},
        {"generation": "7"},
        {"scope": None},
        {"scope": ["read"]},
        {"login": 5},
        {"key_id": None},
    ],
)
def test_signed_token_that_does_not_say_all_is_refused(claims: dict[str, Any]) -> None:
    read(forged())

    refused(forged(**claims))


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"typ": ""}, {"alg": "HS512"}])
def test_other_algorithm_or_type_is_refused_though_signed(header: dict[str, str]) -> None:
    refused(forged(header))


def test_token_of_no_algorithm_is_refused() -> None:
    for alg in ("none", "None", "NONE"):
        refused(f"{part({'alg': alg, 'typ': 'at+jwt'})}.{forged().split('.')[1]}.")

"""OIDC: tokens of a provider on loopback, as it issues them and as attackers do."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from app.security.principal import CredentialKind
from app.security.tokens.compact import BadToken, read_compact
from app.security.tokens.oidc import Oidc, provider_of
from tests.support.application import running_application
from tests.support.security.forging import by_hmac, by_rsa, forged, part, respelled, unsigned
from tests.support.security.login import MovedClock
from tests.support.security.provider import AUDIENCE, ISSUER, LocalProvider, local_provider


@pytest.fixture
async def provider() -> AsyncIterator[LocalProvider]:
    async with local_provider() as running:
        yield running


@pytest.fixture
def oidc(provider: LocalProvider) -> Oidc:
    return provider_of(provider.rules(), MovedClock())


async def read(oidc: Oidc, token: str) -> Any:
    return await oidc.read(token, read_compact(token), int(time.time() * 1000))


async def refused(oidc: Oidc, token: str) -> None:
    with pytest.raises(BadToken) as caught:
        await read(oidc, token)
    assert token[20:40] not in str(caught.value)


NOW = int(time.time())
"""When tests are collected; ``said_now`` moves claims to when they run."""


def said_now(claims: Any) -> Any:
    """Return claims whose times are as far from now as they are from ``NOW``."""
    passed = int(time.time()) - NOW
    return {
        name: value + passed if isinstance(value, int | float) and value > NOW // 2 else value
        for name, value in claims.items()
    }


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({}, {}),
        ({"typ": ...}, {"aud": ["other", AUDIENCE], "iat": ...}),
        ({"typ": "at+jwt"}, {"exp": NOW - 60, "nbf": NOW + 60}),
        ({"kid": ...}, {"exp": NOW + 600.5}),
        ({"jku": "http://127.0.0.1:1/", "x5u": "http://127.0.0.1:1/"}, {"scope": ["x"]}),
    ],
)
async def test_token_of_the_provider_is_good(
    provider: LocalProvider, oidc: Oidc, header: Any, claims: Any
) -> None:
    found = await read(oidc, forged_by(provider, header, said_now(claims)))

    assert (found.name, found.kind, found.scopes) == ("carol", "User", None)
    assert found.credential.kind is CredentialKind.OIDC
    assert len(found.credential.id) == 64
    assert len(provider.asked) == 1
    assert found.expires_at_ms > time.time() * 1000  # the skew is in it


def forged_by(provider: LocalProvider, header: Any, claims: Any, key: Any = None) -> str:
    """Return a token that is signed as the provider's are, whatever it says."""
    head, body, _ = provider.token(**claims).split(".")
    del head
    whole = {"alg": "RS256", "kid": "rsa-1", "typ": "JWT"} | header
    kept = {name: value for name, value in whole.items() if value is not ...}
    raw = read_compact(f"{part(kept)}.{body}.AA").claims
    return forged(kept, dict(raw), by_rsa(key or provider.keys["rsa-1"]))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.test"},
        {"iss": ISSUER + "/"},
        {"iss": [ISSUER]},
        {"iss": ...},
        {"aud": "other"},
        {"aud": []},
        {"aud": ["other"]},
        {"aud": [AUDIENCE, 5]},
        {"aud": {AUDIENCE: 1}},
        {"aud": ...},
        {"exp": NOW - 900},
        {"exp": ...},
        {"exp": str(NOW + 60)},
        {"exp": None},
        {"nbf": NOW + 900},
        {"nbf": "soon"},
        {"iat": NOW + 900},
        {"sub": ...},
        {"sub": ""},
        {"sub": 5},
        {"sub": ["carol"]},
        {"sub": {"name": "carol"}},
        {"sub": "ANONYMOUS"},
        {"sub": "car\nol"},
        {"sub": "c" * 256},
    ],
)
async def test_signed_token_of_another_time_party_or_name_is_refused(
    provider: LocalProvider, oidc: Oidc, claims: Any
) -> None:
    await refused(oidc, provider.token(**said_now(claims)))


async def test_tokens_that_attackers_make_are_refused(provider: LocalProvider, oidc: Oidc) -> None:
    good = provider.token()
    await read(oidc, good)
    head, claims, signature = good.split(".")
    said = dict(read_compact(good).claims)
    key, mine = provider.keys["rsa-1"], RSAKey.generate_key(2048)
    admin = part({**said, "sub": "admin"})
    pem = by_hmac(key.as_pem(private=False))
    jwk = mine.as_dict(private=False)
    attacks = [
        f"{head}.{admin}.{signature}",
        f"{head}.{claims}.",
        f"{part({'alg': 'none', 'kid': 'rsa-1'})}.{claims}.",
        forged({"alg": "none", "kid": "rsa-1"}, said, by_rsa(key)),
        forged({"alg": "HS256", "kid": "rsa-1"}, said, pem),
        forged({"alg": "HS256"}, said, by_hmac(json.dumps(jwk).encode())),
        forged({"alg": "RS256", "kid": "rsa-1"}, said, pem),
        forged({"alg": "RS256", "kid": "rsa-1"}, said, unsigned),
        forged({"alg": "RS512", "kid": "rsa-1"}, said, by_rsa(key)),
        forged({"alg": "ES256", "kid": "rsa-1"}, said, by_rsa(key)),
        forged({"alg": "RS256", "kid": "rsa-1", "jwk": jwk}, said, by_rsa(mine)),
        forged({"alg": "RS256", "kid": "rsa-1", "jku": provider.url}, said, by_rsa(mine)),
        forged({"alg": "RS256", "kid": "../../rsa-1"}, said, by_rsa(key)),
        forged({"alg": "RS256", "kid": "rsa-1", "typ": "dpop+jwt"}, said, by_rsa(key)),
    ]

    for attack in attacks:
        await refused(oidc, attack)

    assert len(provider.asked) == 1
    assert all(one.startswith("GET /jwks ") for one in provider.asked)


async def test_token_with_its_other_signature_is_the_same_token(
    provider: LocalProvider, oidc: Oidc
) -> None:
    provider.rotate()
    token = provider.token()
    other = respelled(token)

    found = await read(oidc, token)

    assert other != token
    assert (await read(oidc, other)).credential == found.credential
    assert (await read(oidc, provider.token(jti="another"))).credential != found.credential


async def test_node_takes_the_provider_s_tokens_follows_its_keys_and_forgets_the_old(
    provider: LocalProvider, tmp_path: Path
) -> None:
    settings = {
        "authentication": "required",
        "super_users": ("User:carol",),
        "sasl_oauthbearer_jwks_endpoint_url": provider.url,
        "sasl_oauthbearer_expected_issuer": ISSUER,
        "sasl_oauthbearer_expected_audience": (AUDIENCE,),
    }
    async with running_application(tmp_path / "data", **settings) as running:
        client = running.client

        async def status(token: str, path: str = "/v3/clusters") -> int:
            headers = {"authorization": f"Bearer {token}"}
            return (await client.get(path, headers=headers)).status_code

        old = provider.token()
        assert await status(old) == 200
        assert await status(provider.token(sub="dave")) == 403
        assert await status(provider.token(aud="other")) == 401
        assert (await client.post("/v3/auth/revoke", data={"token": old})).status_code == 200
        assert await status(old) == 401
        kept = provider.token(jti="kept")
        assert await status(kept) == 200
        provider.rotate()
        keys = running.front.login._authenticator._bearers._provider._keys
        keys._next_fetch = 0.0  # some seconds later
        assert await status(provider.token()) == 200
        assert await status(kept) == 401

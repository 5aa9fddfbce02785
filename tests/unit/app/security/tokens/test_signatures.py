"""Signatures: good by one key and one algorithm, and by nothing else."""

from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from app.security.tokens.compact import BadToken
from app.security.tokens.signatures import public_key, secret_key, sign, verify
from tests.support.security.forging import by_hmac, by_rsa, forged, unsigned

RSA = RSAKey.generate_key(2048)


SHORT = {"kty": "RSA", "e": "AQAB", "n": "u" + "q" * 170}
"""A thousand bits."""


def public(key: Any) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS256", RSA),
        ("PS256", RSA),
        ("ES256", ECKey.generate_key("P-256")),
    ],
)
def test_token_is_good_by_its_public_key_alone(algorithm: str, key: Any) -> None:
    token = sign({"alg": algorithm}, b"{}", key)
    head, _, signature = token.split(".")

    verify(token, public_key(public(key)), algorithm)
    other = RSAKey.generate_key(2048) if algorithm != "ES256" else ECKey.generate_key("P-256")
    for wrong in (other, RSA if algorithm == "ES256" else ECKey.generate_key("P-256")):
        with pytest.raises(BadToken):
            verify(token, public_key(public(wrong)), algorithm)
    for text in (f"{head}.e30g.{signature}", f"{head}.e30.", f"{head}.e30.{signature[:-4]}"):
        with pytest.raises(BadToken):
            verify(text, public_key(public(key)), algorithm)


def test_what_a_token_says_of_its_algorithm_chooses_nothing() -> None:
    shared = secret_key(b"s" * 32)
    confused = forged({"alg": "HS256"}, {}, by_hmac(RSA.as_pem(private=False)))
    unsigned_one = forged({"alg": "none"}, {}, unsigned)

    for token in (confused, unsigned_one, sign({"alg": "RS256"}, b"{}", RSA)):
        for key, algorithm in ((shared, "HS256"), (public_key(public(RSA)), "PS256")):
            with pytest.raises(BadToken):
                verify(token, key, algorithm)
    for token in (confused, unsigned_one):
        with pytest.raises(BadToken):
            verify(token, public_key(public(RSA)), "RS256")


def test_key_in_the_header_is_not_used_and_a_long_header_is_no_hindrance() -> None:
    header: Any = {"alg": "RS256", "jwk": public(RSA), "x": "y" * 2000}
    token = forged(header, {}, by_rsa(RSA))

    verify(token, public_key(public(RSA)), "RS256")
    with pytest.raises(BadToken):
        verify(token, public_key(public(RSAKey.generate_key(2048))), "RS256")


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "RSA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "n": 5, "e": []},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": ["RSA"]},
        SHORT,
    ],
)
def test_key_that_checks_no_signatures_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        public_key(bad)

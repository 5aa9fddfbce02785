"""Key sets: the key that a token names, and no other."""

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from app.security.tokens.key_set import KEYS_MAX, BadKeySet, read_key_set

RSA, OTHER, EC = RSAKey.generate_key(2048), RSAKey.generate_key(2048), ECKey.generate_key("P-256")


def described(key: Any, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


def keys(*some: Any) -> Any:
    return read_key_set(json.dumps({"keys": some}).encode())


def test_key_is_found_by_its_id_and_by_the_algorithms_it_is_for() -> None:
    found = keys(described(RSA, kid="r"), described(OTHER, kid="o", alg="PS256"), described(EC))

    assert found.find("r", "RS256").thumbprint() == RSA.thumbprint()
    assert found.find("o", "PS256").thumbprint() == OTHER.thumbprint()
    assert found.find("o", "RS256") is None
    assert found.find("r", "ES256") is None
    assert found.find(None, "ES256").thumbprint() == EC.thumbprint()
    assert found.find(None, "ES384") is None
    assert found.find(None, "PS256") is None  # two fit


def test_ids_are_looked_up_and_nothing_else() -> None:
    found = keys(described(RSA, kid="r"), described(OTHER))

    for strange in ("", "../r", "r/../r", "/dev/null", "R", "r\0", "' OR 1=1", "r%00"):
        assert found.find(strange, "RS256") is None


def test_keys_that_check_no_signatures_are_left_out() -> None:
    found = keys(
        described(RSA, kid="enc", use="enc"),
        described(RSA, kid="ops", key_ops=["sign"]),
        *(described(RSA, kid="odd", key_ops=odd) for odd in (None, 5, 1.5, True, "verify", {})),
        {"kty": "oct", "kid": "oct", "k": "c2VjcmV0"},
        {"kty": "RSA", "kid": "broken"},
        {"kty": "new", "kid": "new"},
        {"kid": 5},
        described(EC, kid="good"),
    )

    assert len(found) == 1
    assert found.find("good", "ES256") is not None


def test_two_keys_of_one_id_are_none() -> None:
    assert keys(described(RSA, kid="x"), described(OTHER, kid="x")).find("x", "RS256") is None


def test_what_is_no_key_set_is_refused() -> None:
    for text in (b"", b"\xff", b"[]", b"{}", b'{"keys":{}}', b'{"keys":[1]}', b"[" * 100_000):
        with pytest.raises(BadKeySet):
            read_key_set(text)
    with pytest.raises(BadKeySet):
        keys(*[{}] * (KEYS_MAX + 1))


def test_same_keys_are_the_same() -> None:
    assert keys(described(RSA)).is_same_as(keys(described(RSA)))
    assert not keys(described(RSA)).is_same_as(keys(described(OTHER)))

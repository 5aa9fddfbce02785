"""SCRAM keys: the figures of the RFCs, and SASLprep's examples."""

import base64
import hashlib
import hmac

import pytest

from app.security.logins.scram_keys import (
    HASH_NAMES,
    pretended,
    record_of_salted,
    saslprep,
    scram_record,
)
from app.security.scram_shapes import SHAPE, shapes_of
from tests.support.security.records import scram


def test_proof_of_the_example_in_rfc_7677_agrees() -> None:
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", salt, 4096)
    kept = record_of_salted("user", "SCRAM-SHA-256", salted, salt=salt, iterations=4096)
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    said = (
        f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},"
        f"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}"
    ).encode()
    proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")

    signature = hmac.digest(kept.stored_key, said, "sha256")
    client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))

    assert hashlib.sha256(client_key).digest() == kept.stored_key
    server = base64.b64encode(hmac.digest(kept.server_key, said, "sha256"))
    assert server == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@pytest.mark.parametrize("mechanism", HASH_NAMES)
def test_each_record_has_a_salt_of_its_own_and_keys_as_long_as_the_hash(mechanism: str) -> None:
    first, second = (scram_record("u", mechanism, "p") for _ in range(2))

    assert first.salt != second.salt
    assert len(first.stored_key) == hashlib.new(HASH_NAMES[mechanism]).digest_size
    assert first.stored_key not in (first.server_key, second.stored_key)


def test_pretence_depends_on_secret_user_and_mechanism_alone() -> None:
    one = pretended(b"s", "u", "SCRAM-SHA-256")

    assert one == pretended(b"s", "u", "SCRAM-SHA-256")
    others = [
        pretended(b"t", "u", "SCRAM-SHA-256"),
        pretended(b"s", "v", "SCRAM-SHA-256"),
        pretended(b"s", "u", "SCRAM-SHA-512"),
    ]
    assert one.salt not in [other.salt for other in others]


def test_pretence_looks_like_one_of_those_that_are_there_and_keeps_its_looks() -> None:
    made_here = scram_record("a", "SCRAM-SHA-256", "a password")
    of_kafka = scram("b", iterations=4096, salt=b"s" * 25)
    few, more = shapes_of([made_here]), shapes_of([made_here, of_kafka])
    names = [f"u{number}" for number in range(100)]

    before, after = (
        {
            one: (record.iterations, len(record.salt))
            for one in names
            for record in (pretended(b"s", one, "SCRAM-SHA-256", shapes),)
        }
        for shapes in (few, more)
    )

    assert (few, more) == ((SHAPE,), ((4096, 25), SHAPE))
    assert set(before.values()) == {SHAPE}
    assert 20 < sum(shape == (4096, 25) for shape in after.values()) < 80


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("", ""),
    ],
)
def test_saslprep_says_what_its_rfc_says(text: str, prepared: str) -> None:
    assert saslprep(text) == prepared


@pytest.mark.parametrize("text", ["\u0007", "\u0627\u0031", "\ud800", "a\u0627", "\u0378"])
def test_saslprep_refuses_what_its_rfc_prohibits(text: str) -> None:
    with pytest.raises(ValueError, match="SASLprep"):
        saslprep(text)

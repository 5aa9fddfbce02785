"""Compact form: what reads, and all that does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.security.tokens.compact import (
    TOKEN_BYTES_MAX,
    BadToken,
    read_compact,
    text_of,
    time_ms_of,
)
from tests.support.security.forging import part


def token(header: bytes | dict[str, object], claims: bytes | dict[str, object] = b"{}") -> str:
    return f"{part(header)}.{part(claims)}.{part(b'signature')}"


GOOD: dict[str, object] = {"alg": "RS256", "kid": "k", "typ": "JWT"}


def test_token_says_its_algorithm_key_type_and_claims() -> None:
    said = read_compact(token(GOOD, {"sub": "alice"}))

    assert (said.algorithm, said.key_id, said.type) == ("RS256", "k", "JWT")
    assert said.claims == {"sub": "alice"}
    assert "alice" not in repr(said)


def test_parameters_that_bring_a_key_are_not_looked_at() -> None:
    said = read_compact(token({**GOOD, "jku": "http://evil.test", "jwk": {"kty": "oct"}}))

    assert said.key_id == "k"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "..",
        "a.b",
        token(GOOD) + ".x",
        token(GOOD) + "=",
        token(GOOD).replace(".", "..", 1),
        " " + token(GOOD),
        token(GOOD) + "\n",
        "é" + token(GOOD),
        token({}),
        token({"alg": 5}),
        token({"alg": None}),
        token({"alg": ["RS256"]}),
        token({**GOOD, "kid": 7}),
        token({**GOOD, "kid": "k" * 257}),
        token({**GOOD, "typ": {}}),
        token({**GOOD, "crit": ["exp"]}),
        token({**GOOD, "b64": False}),
        token(b'{"alg":"HS256","alg":"none"}'),
        token(GOOD, b'{"sub":"alice","sub":"admin"}'),
        token(GOOD, b'{"a":{"x":1,"x":2}}'),
        token(GOOD, b"[]"),
        token(GOOD, b"null"),
        token(GOOD, b'{"exp":NaN}'),
        token(GOOD, b'{"exp":' + b"9" * 5_000 + b"}"),
        token(GOOD, b"\xff{}"),
        token(GOOD, b"\xef\xbb\xbf{}"),
        token(GOOD, b"{} {}"),
        token(GOOD, b"[" * 5_000),
        token(GOOD, {"pad": "x" * TOKEN_BYTES_MAX}),
    ],
)
def test_what_does_not_read_is_refused(bad: str) -> None:
    with pytest.raises(BadToken):
        read_compact(bad)


def test_another_spelling_of_the_same_bytes_is_refused() -> None:
    head, claims, _ = token(GOOD).split(".")

    assert read_compact(f"{head}.{claims}.QQ")
    for spelled in ("QR", "QQ==", "Q Q", "Q\nQ", "+/"):
        with pytest.raises(BadToken):
            read_compact(f"{head}.{claims}.{spelled}")


@given(
    some.text() | some.lists(some.binary(), max_size=4).map(lambda all_: ".".join(map(part, all_)))
)
def test_whatever_comes_it_reads_or_is_refused(text: str) -> None:
    try:
        said = read_compact(text)
    except BadToken:
        pass
    else:
        assert isinstance(said.algorithm, str)


@given(
    some.dictionaries(some.text(), some.none() | some.booleans() | some.integers() | some.text())
)
def test_claims_come_as_they_were_written(claims: dict[str, object]) -> None:
    assert read_compact(token(GOOD, claims)).claims == claims


def test_claims_are_of_their_types_or_refused() -> None:
    claims = {"t": "x", "at": 5, "half": 1.5, "empty": "", "list": ["x"], "none": None, "yes": True}

    assert text_of(claims, "t") == "x"
    assert (time_ms_of(claims, "at"), time_ms_of(claims, "half")) == (5000, 1500)
    assert time_ms_of(claims, "absent") is None
    for name in ("absent", "empty", "list", "none", "at"):
        with pytest.raises(BadToken):
            text_of(claims, name)
    for name in ("t", "list", "none", "yes"):
        with pytest.raises(BadToken):
            time_ms_of(claims, name)
    for number in (-1, 2**40, float("inf"), float("nan")):
        with pytest.raises(BadToken):
            time_ms_of({"exp": number}, "exp")

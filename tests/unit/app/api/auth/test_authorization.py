"""The Authorization header, as honest clients and as attackers send it."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.auth.authorization import (
    AUTHORIZATION_BYTES_MAX,
    Basic,
    Bearer,
    Key,
    MalformedAuthorization,
    parse_authorization,
    read_authorization,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"Basic " + b64encode(b"alice:open"), Basic("alice", "open")),
        (b"bAsIc  " + b64encode(b"alice:a:b"), Basic("alice", "a:b")),
        (b"Basic " + b64encode("zoë:pâss wörd".encode()), Basic("zoë", "pâss wörd")),
        (b"Basic " + b64encode(b":only"), Basic("", "only")),
        (b"Basic " + b64encode(b"alice:"), Basic("alice", "")),
        (b" Bearer a.b-c_d~e+f/g== ", Bearer("a.b-c_d~e+f/g==")),
        (b"BEARER x", Bearer("x")),
        (b"ApiKey cauce_1", Key("cauce_1")),
        (b"apikey k", Key("k")),
    ],
)
def test_each_scheme_is_read(value: bytes, shown: object) -> None:
    assert parse_authorization(value) == shown


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Basic",
        b"Basic ",
        b"Bearer\t x",
        b"Bearer x y",
        b"Bearer x,Basic eA==",
        b'Bearer token="x"',
        b"Bearer \xff",
        b"Bearer x\0",
        b"Bearer x\r\nX-Other: y",
        b"Bearer =",
        b"Negotiate YQ==",
        b"Digest username=x",
        b"Basic ****",
        b"Basic YQ",
        b"Basic YQ==YQ==",
        b"Basic -_-_",
        b"Basic " + b64encode(b"no colon"),
        b"Basic " + b64encode(b"\xff\xfe:x"),
        b"Basic " + b64encode(b"a\0:x"),
        b"Basic " + b64encode(b"a:x\r\ny"),
        b"Basic " + b64encode("a:\x9b".encode()),
        b"Bearer " + b"A" * AUTHORIZATION_BYTES_MAX,
        b"Bearer" + b" " * AUTHORIZATION_BYTES_MAX + b"x",
    ],
)
def test_anything_else_is_refused(value: bytes) -> None:
    with pytest.raises(MalformedAuthorization):
        parse_authorization(value)


@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda one: b"Basic " + b64encode(one)))
def test_any_bytes_are_a_credential_or_refused_in_words_of_ours(value: bytes) -> None:
    outcome: object
    try:
        outcome = parse_authorization(value)
    except MalformedAuthorization as error:
        outcome = str(error)

    assert isinstance(outcome, Basic | Bearer | Key) or (
        isinstance(outcome, str) and outcome.isascii()
    )


def test_a_request_shows_one_credential_at_most() -> None:
    line = (b"authorization", b"Bearer x")

    assert read_authorization([(b"host", b"h")]) is None
    assert read_authorization([(b"host", b"h"), line]) == Bearer("x")
    with pytest.raises(MalformedAuthorization):
        read_authorization([line, line])


def test_secrets_are_in_no_repr() -> None:
    assert "s3cret" not in f"{Basic('alice', 's3cret')}{Bearer('s3cret')}{Key('s3cret')}"

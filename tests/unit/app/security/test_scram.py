"""SCRAM: two clients that are not ours log in, and what was altered or heard before is refused."""

import base64
import hashlib
import hmac
from collections.abc import Callable

import pytest
from aiokafka.conn import ScramAuthenticator
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.net.sasl.scram import ScramClient

from app.cluster.security_records import ScramRecord
from app.security.errors import AuthenticationFailed
from app.security.logins.scram_keys import HASH_NAMES, pretended, record_of_salted
from app.security.scram import MESSAGE_BYTES_MAX, ScramName, ScramServer

MECHANISMS = tuple(HASH_NAMES)
SALT = b"sixteen bytes ok"
ITERATIONS = 8
"""Few, so that a thousand logins take no time; how many they are is the record's affair."""

NAMES = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=20)


def record(user: str, mechanism: str, password: str) -> ScramRecord:
    salted = hashlib.pbkdf2_hmac(HASH_NAMES[mechanism], password.encode(), SALT, ITERATIONS)
    return record_of_salted(user, mechanism, salted, salt=SALT, iterations=ITERATIONS)


def server(
    user: str = "alice", mechanism: str = MECHANISMS[0], password: str = "secret"
) -> ScramServer:
    def find(asked: ScramName) -> ScramRecord:
        if asked == ScramName(user):
            return record(user, mechanism, password)
        return pretended(b"pretence", asked.name, mechanism)

    return ScramServer(mechanism, find)


def aiokafka(user: str, mechanism: str, password: str) -> ScramAuthenticator:
    return ScramAuthenticator(
        loop=None,
        sasl_plain_password=password,
        sasl_plain_username=user,
        sasl_mechanism=mechanism,
    )


def final_of(asked: ScramServer, client: ScramAuthenticator) -> bytes:
    answer = asked.first(client.first_message().encode())
    client.process_server_first_message(answer.decode())
    return client.final_message().encode()


@pytest.mark.parametrize("mechanism", MECHANISMS)
@settings(max_examples=40)
@given(user=NAMES, password=NAMES)
def test_a_client_of_aiokafka_s_logs_in_and_knows_the_server(
    mechanism: str, user: str, password: str
) -> None:
    asked, client = server(user, mechanism, password), aiokafka(user, mechanism, password)

    answer = asked.final(final_of(asked, client))

    client.process_server_final_message(answer.decode())  # raises if the server did not know it
    assert asked.proved == record(user, mechanism, password)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_client_of_kafka_python_s_logs_in(mechanism: str) -> None:
    asked, client = server(mechanism=mechanism), ScramClient("alice", "secret", mechanism)

    client.process_server_first_message(asked.first(client.first_message()))
    client.process_server_final_message(asked.final(client.final_message()))

    assert asked.proved.user == "alice"


def test_the_example_of_rfc_7677_gives_its_bytes() -> None:
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", salt, 4096)
    kept = record_of_salted("user", "SCRAM-SHA-256", salted, salt=salt, iterations=4096)
    asked = ScramServer("SCRAM-SHA-256", lambda _: kept, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")

    first = asked.first(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
    final = asked.final(
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )

    assert first == (
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    )
    assert final == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@pytest.mark.parametrize(("user", "password"), [("alice", "wrong"), ("nobody", "secret")])
def test_a_wrong_password_and_an_unknown_user_fail_at_the_proof(user: str, password: str) -> None:
    asked = server()
    final = final_of(asked, aiokafka(user, MECHANISMS[0], password))

    with pytest.raises(AuthenticationFailed) as refused:
        asked.final(final)

    assert refused.value.log_reason == "a wrong SCRAM proof"


def test_a_final_message_heard_in_one_exchange_is_refused_in_another() -> None:
    client, heard_by, other = aiokafka("alice", MECHANISMS[0], "secret"), server(), server()
    first = client.first_message().encode()
    client.process_server_first_message(heard_by.first(first).decode())
    final = client.final_message().encode()
    heard_by.final(final)
    other.first(first)

    with pytest.raises(AuthenticationFailed):
        other.final(final)


@pytest.mark.parametrize("is_good", [True, False])
def test_an_exchange_takes_one_final_message_only(is_good: bool) -> None:
    asked = server()
    final = final_of(asked, aiokafka("alice", MECHANISMS[0], "secret"))
    if is_good:
        asked.final(final)
    else:
        with pytest.raises(AuthenticationFailed):
            asked.final(final[:-8] + b"AAAAAAA=")

    with pytest.raises(AuthenticationFailed):
        asked.final(final)
    with pytest.raises(AssertionError):
        _ = asked.proved


@settings(max_examples=300)
@given(data=st.data())
def test_a_final_message_of_which_any_byte_is_altered_is_refused(data: st.DataObject) -> None:
    asked = server()
    final = bytearray(final_of(asked, aiokafka("alice", MECHANISMS[0], "secret")))
    place = data.draw(st.integers(0, len(final) - 1))
    final[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(AuthenticationFailed):
        asked.final(bytes(final))


@settings(max_examples=100)
@given(data=st.data())
def test_a_first_message_that_was_altered_on_its_way_does_not_log_in(data: st.DataObject) -> None:
    asked, client = server(), aiokafka("alice", MECHANISMS[0], "secret")
    first = bytearray(client.first_message().encode())
    place = data.draw(st.integers(0, len(first) - 1))
    first[place] ^= data.draw(st.integers(1, 255))

    def log_in() -> None:
        client.process_server_first_message(asked.first(bytes(first)).decode())
        asked.final(client.final_message().encode())

    with pytest.raises((AuthenticationFailed, ValueError)):
        log_in()


@given(message=st.binary(max_size=200))
def test_any_bytes_are_answered_or_refused(message: bytes) -> None:
    asked = server()
    turns: tuple[Callable[[bytes], bytes], ...] = (asked.first, asked.final)

    for turn in turns:
        with pytest.raises(AuthenticationFailed):
            turn(message)


@pytest.mark.parametrize(
    "message",
    [
        b"p=tls-unique,,n=alice,r=abc",
        b"n,a=bob,n=alice,r=abc",
        b"n,,m=must,n=alice,r=abc",
        b"n,,n=alice,r=abc,m=must",
        b"n,,n=,r=abc",
        b"n,,n=al=ice,r=abc",
        b"n,,n=al=2cice,r=abc",
        b"n,,n=al==2C3Dice,r=abc",
        b"n,,n=ali\x07ce,r=abc",
        b"n,,n=\xff,r=abc",
        b"n,,n=alice,r=",
        b"n,,n=alice,r=a b",
        b"n,,n=alice,r=abc,tokenauth",
        b"n,,n=alice,r=abc,tokenauth=true,tokenauth=false",
        b"n,,n=alice,r=abc,x=\xff",
        b"n,,n=alice,r=" + b"a" * MESSAGE_BYTES_MAX,
    ],
)
def test_a_first_message_that_asks_for_what_is_not_here_is_refused(message: bytes) -> None:
    with pytest.raises(AuthenticationFailed):
        server().first(message)


@pytest.mark.parametrize(
    ("message", "who"),
    [
        (b"n,,n=alice,r=abc", ScramName("alice")),
        (b"y,a=alice,n=alice,r=abc", ScramName("alice")),
        (b"n,,n=a=2Cb=3Dc,r=abc", ScramName("a,b=c")),
        (b"n,,n=a=3D2C,r=abc", ScramName("a=2C")),
        ("n,,n=\u2168\u00ad,r=abc".encode(), ScramName("IX")),
        (b"n,,n=id,r=abc,tokenauth=true", ScramName("id", is_token=True)),
        (b"n,,n=id,r=abc,tokenauth=false", ScramName("id")),
        (b"n,,n=id,r=abc,other=true", ScramName("id")),
    ],
)
def test_who_the_client_is_comes_from_its_first_message(message: bytes, who: ScramName) -> None:
    asked = []

    def find(name: ScramName) -> ScramRecord:
        asked.append(name)
        return record(name.name, MECHANISMS[0], "secret")

    ScramServer(MECHANISMS[0], find).first(message)

    assert asked == [who]


def test_two_exchanges_have_nonces_of_their_own() -> None:
    first = b"n,,n=alice,r=abc"

    assert server().first(first) != server().first(first)


@pytest.mark.parametrize(
    ("prefix", "is_good"),
    [("", True), ("abc", True), ("abcabc", False), ("ab", False), ("x", False)],
)
def test_a_client_s_nonce_may_stand_there_twice_as_librdkafka_had_it(
    prefix: str, is_good: bool
) -> None:
    asked = server()
    answer = asked.first(b"n,,n=alice,r=abc").decode()
    nonce = answer.split(",")[0].removeprefix("r=")
    without_proof = f"c=biws,r={prefix}{nonce}"
    salted = hashlib.pbkdf2_hmac("sha256", b"secret", SALT, ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    said = f"n=alice,r=abc,{answer},{without_proof}".encode()
    signature = hmac.digest(hashlib.sha256(client_key).digest(), said, "sha256")
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    message = f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    if is_good:
        assert asked.final(message).startswith(b"v=")
    else:
        with pytest.raises(AuthenticationFailed):
            asked.final(message)

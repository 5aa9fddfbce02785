"""What PLAIN and SCRAM let in, on a real database of users."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from aiokafka.conn import ScramAuthenticator

from app.security.audit.event import AuditEvent, Category, Result
from app.security.audit.logins import LoginAudit
from app.security.errors import AuthenticationFailed
from app.security.logins.api_key import hash_of, new_key
from app.security.logins.failed_logins import FREE_FAILURES
from app.security.logins.scram_keys import HASH_NAMES, scram_record
from app.security.principal import Principal
from app.security.tokens.access_tokens import Grant
from app.wire.login.exchanges import (
    EXCHANGES,
    INVALID_TOKEN,
    BearerExchange,
    PlainExchange,
    ScramExchange,
    Step,
)
from tests.support.security.audited import FakeAudit
from tests.support.security.login import Login, login
from tests.support.security.records import api_key, delegation_token

HOST = "10.0.0.1"
PASSWORD = "correct horse"


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Login]:
    """One with the user alice."""
    async with login(tmp_path) as node:
        await node.catalog.create_user(
            "alice",
            password_hash=await node.passwords.hash(PASSWORD),
            scram=[scram_record("alice", name, PASSWORD) for name in HASH_NAMES],
        )
        await node.watcher.refresh()
        yield node


async def plain(node: Login, message: bytes) -> Step:
    return await PlainExchange(node.authenticator, HOST).take(message)


@pytest.mark.parametrize("on_behalf_of", [b"", b"alice"])
async def test_plain_lets_a_user_in(node: Login, on_behalf_of: bytes) -> None:
    step = await plain(node, on_behalf_of + b"\0alice\0" + PASSWORD.encode())

    assert step.answer == b""
    assert step.principal is not None
    assert (str(step.principal), step.principal.host) == ("User:alice", HOST)


async def test_plain_lets_an_api_key_in_with_its_scopes_by_id_and_secret_or_whole(
    node: Login,
) -> None:
    key_id, key = new_key()
    secret = key.removeprefix(f"cauce_{key_id}_")
    scopes = frozenset({"read"})
    await node.catalog.create_api_key(api_key(key_id, secret_hash=hash_of(key), scopes=scopes))
    await node.watcher.refresh()

    for user, shown in ((key_id, secret), (key_id, key)):
        step = await plain(node, f"\0{user}\0{shown}".encode())

        assert step.principal is not None
        assert (step.principal.name, step.principal.scopes) == ("alice", scopes)
    for user, shown in (("alice", key), (key_id, secret[:-1]), (key_id, PASSWORD)):
        with pytest.raises(AuthenticationFailed):
            await plain(node, f"\0{user}\0{shown}".encode())


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"alice",
        b"\0alice\0wrong",
        b"\0alice\0",
        b"\0\0correct horse",
        b"bob\0alice\0correct horse",
        b"\0alice\0correct horse\0",
        b"\0alice\0\xff",
        b"\0bob\0correct horse",
    ],
)
async def test_plain_refuses_what_is_wrong_with_the_same_words(node: Login, message: bytes) -> None:
    with pytest.raises(AuthenticationFailed, match=r"^Authentication failed\.$"):
        await plain(node, message)


def audited(node: Login) -> list[AuditEvent]:
    """Return what will be written down of logins from now on."""
    audit = FakeAudit()
    node.authenticator.logins = LoginAudit(node.clock, audit)
    return audit.noted


CANARY = b"canary7f3b9c2e"


MALFORMED: list[tuple[str, list[bytes]]] = [
    ("PLAIN", [b""]),
    ("PLAIN", [CANARY]),
    ("PLAIN", [b"\0alice" + CANARY]),
    ("PLAIN", [b"\0alice\0" + CANARY + b"\0"]),
    ("PLAIN", [b"\0alice\0"]),
    ("PLAIN", [b"\0\0" + CANARY]),
    ("PLAIN", [b"\0alice\0" + CANARY + b"\xff"]),
    ("PLAIN", [CANARY + b"\0alice\0" + CANARY]),
    ("SCRAM-SHA-256", [b""]),
    ("SCRAM-SHA-256", [CANARY]),
    ("SCRAM-SHA-256", [b"n,,n=,r=" + CANARY]),
    ("SCRAM-SHA-256", [b"n,,n=\xff,r=" + CANARY]),
    ("SCRAM-SHA-256", [b"n,a=" + CANARY + b",n=alice,r=x"]),
    ("SCRAM-SHA-256", [b"p=tls-unique,,n=alice,r=" + CANARY]),
    ("SCRAM-SHA-256", [b"n,,n=alice,r=x,m=" + CANARY]),
    ("SCRAM-SHA-256", [b"n,,n=alice,r=" + CANARY * 400]),
    ("SCRAM-SHA-512", [b"n,,n=alice,r=x", b""]),
    ("SCRAM-SHA-512", [b"n,,n=alice,r=x", CANARY]),
    ("SCRAM-SHA-512", [b"n,,n=alice,r=x", b"c=biws,r=" + CANARY + b",p=AAAA"]),
    ("SCRAM-SHA-512", [b"n,,n=alice,r=x", b"c=" + CANARY + b",r=x,p=AAAA"]),
    ("SCRAM-SHA-512", [b"n,,n=alice,r=x", b"c=biws,r=x,p=" + CANARY * 400]),
    ("OAUTHBEARER", [b""]),
    ("OAUTHBEARER", [CANARY]),
    ("OAUTHBEARER", [b"n,,\1auth=Bearer " + CANARY]),
    ("OAUTHBEARER", [b"n,,\1auth=Basic " + CANARY + b"\1\1"]),
    ("OAUTHBEARER", [b"n,,\1auth=Bearer " + CANARY + b"\xff\1\1"]),
    ("OAUTHBEARER", [b"n,a=\xff,\1auth=Bearer " + CANARY + b"\1\1"]),
    ("OAUTHBEARER", [b"n,,\1auth=Bearer a\1auth=Bearer " + CANARY + b"\1\1"]),
    ("OAUTHBEARER", [b"n,,\1auth=Bearer " + CANARY + b"\1\1", b"\1"]),
]


async def test_a_malformed_message_is_written_down_once_and_without_what_it_held(
    node: Login,
) -> None:
    events = audited(node)
    for mechanism, messages in MALFORMED:
        events.clear()
        exchange = EXCHANGES[mechanism](node.authenticator, HOST)

        for message in messages[:-1]:
            await exchange.take(message)
        with pytest.raises(AuthenticationFailed):
            await exchange.take(messages[-1])

        assert len(events) == 1, messages
        (event,) = events
        assert (event.category, event.result) == (Category.AUTHENTICATION, Result.UNAUTHENTICATED)
        assert event.host == HOST
        assert CANARY.decode() not in repr(event)


def mutated(message: bytes, random: Random) -> bytes:
    """Return a message with some bytes more, less or other; its canaries are whole."""
    parts = message.split(CANARY)
    for _ in range(random.randint(1, 3)):
        number = random.randrange(len(parts))
        part = parts[number]
        at = random.randint(0, len(part))
        new = random.choice([b"", b"\0", b"\1", b",", b"=", b"\xff", b"n=", b"a=", b"Bearer "])
        parts[number] = part[:at] + new + part[at + random.randint(0, 2) :]
    return CANARY.join(parts)


async def test_whatever_keeps_a_client_out_is_written_down_once(node: Login) -> None:
    events, random = audited(node), Random(7)
    good = {
        "PLAIN": b"\0" + b"\0" + CANARY,  # without a user, so that no password is checked
        "OAUTHBEARER": b"n,,\1auth=Bearer x" + CANARY + b"\1\1",
        "SCRAM-SHA-256": b"n,,n=alice,r=" + CANARY,
    }
    refused = 0
    for mechanism, message in good.items():
        for _ in range(100):
            events.clear()
            exchange = EXCHANGES[mechanism](node.authenticator, HOST)
            try:
                await exchange.take(mutated(message, random))
                await exchange.take(CANARY)
            except AuthenticationFailed:
                refused += 1
            failed = [one for one in events if one.result is Result.UNAUTHENTICATED]
            assert len(failed) == 1
            assert CANARY.decode() not in failed[0].message

    assert refused == 300


class TokenAuthenticator(ScramAuthenticator):
    """A client that says that what it shows is a delegation token."""

    def first_message(self) -> str:
        first: str = super().first_message()
        self._auth_message += ",tokenauth=true"
        return first + ",tokenauth=true"


async def scram(
    node: Login,
    mechanism: str,
    user: str,
    password: str,
    client_type: type[ScramAuthenticator] = ScramAuthenticator,
) -> Step:
    client = client_type(
        loop=None,
        sasl_plain_password=password,
        sasl_plain_username=user,
        sasl_mechanism=mechanism,
    )
    exchange = EXCHANGES[mechanism](node.authenticator, HOST)
    first = await exchange.take(client.first_message().encode())
    assert first.principal is None
    client.process_server_first_message(first.answer.decode())
    final = await exchange.take(client.final_message().encode())
    client.process_server_final_message(final.answer.decode())
    return final


@pytest.mark.parametrize("mechanism", HASH_NAMES)
async def test_scram_lets_a_user_in_that_proves_to_know_the_password(
    node: Login, mechanism: str
) -> None:
    step = await scram(node, mechanism, "alice", PASSWORD)

    assert step.principal is not None
    assert (str(step.principal), step.principal.host) == ("User:alice", HOST)
    for user, password in (("alice", "wrong"), ("bob", PASSWORD)):
        with pytest.raises(AuthenticationFailed, match=r"^Authentication failed\.$"):
            await scram(node, mechanism, user, password)


async def test_scram_locks_a_guesser_out_though_the_guess_is_right_then(node: Login) -> None:
    for _ in range(FREE_FAILURES):
        with pytest.raises(AuthenticationFailed) as caught:
            await scram(node, "SCRAM-SHA-256", "alice", "wrong")
        assert caught.value.retry_after_s is None
    with pytest.raises(AuthenticationFailed) as caught:
        await scram(node, "SCRAM-SHA-256", "alice", PASSWORD)

    assert caught.value.retry_after_s
    node.clock.seconds += 61
    await scram(node, "SCRAM-SHA-256", "alice", PASSWORD)


async def test_scram_takes_no_message_after_a_wrong_one(node: Login) -> None:
    exchange = ScramExchange("SCRAM-SHA-256", node.authenticator, HOST)

    with pytest.raises(AuthenticationFailed):
        await exchange.take(b"n,,n=alice,r=nonce,m=unknown")
    with pytest.raises(AuthenticationFailed):
        await exchange.take(b"n,,n=alice,r=nonce")


def bearer(token: str, on_behalf_of: str = "", more: str = "") -> bytes:
    return f"n,{on_behalf_of},\1{more}auth=Bearer {token}\1\1".encode()


async def added_key(node: Login) -> str:
    key_id, key = new_key()
    await node.catalog.create_api_key(api_key(key_id, secret_hash=hash_of(key)))
    await node.watcher.refresh()
    return key


@pytest.mark.parametrize(
    ("on_behalf_of", "more"),
    [("", ""), ("a=alice", ""), ("", "host=h\1port=1\1logicalCluster=l\1")],
)
async def test_bearer_lets_an_api_key_in(node: Login, on_behalf_of: str, more: str) -> None:
    key = await added_key(node)

    step = await BearerExchange(node.authenticator, HOST).take(bearer(key, on_behalf_of, more))

    assert step.answer == b""
    assert str(step.principal) == "User:alice"


async def test_bearer_lets_a_token_in_until_it_is_revoked(node: Login) -> None:
    generation = (await node.catalog.load()).users[0].generation
    issued = node.tokens.issue(Grant(user="alice", generation=generation), node.clock.now_ms())

    step = await BearerExchange(node.authenticator, HOST).take(bearer(issued.token))
    await node.catalog.revoke_token(issued.id, issued.expires_at_ms)
    await node.watcher.refresh()
    refused = await BearerExchange(node.authenticator, HOST).take(bearer(issued.token))

    assert step.principal == Principal("alice")
    assert step.principal.host == HOST
    assert (refused.answer, refused.principal) == (b'{"status":"invalid_token"}', None)


async def test_bearer_of_a_bad_token_is_told_so_and_then_refused(node: Login) -> None:
    key = await added_key(node)

    for message in (bearer("a.b.c"), bearer(key[:-1]), bearer(key, "a=bob")):
        exchange = BearerExchange(node.authenticator, HOST)
        assert await exchange.take(message) == Step(INVALID_TOKEN)
        for next_message in (b"\1", bearer(key)):
            with pytest.raises(AuthenticationFailed, match=r"^Authentication failed\.$"):
                await exchange.take(next_message)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\1",
        b"n,,",
        b"n,,\1\1",
        b"n,,\1auth=Bearer a\1",
        b"n,,\1auth=Basic a\1\1",
        b"n,,\1auth=Bearer a b\1\1",
        b"n,,\1auth=Bearer \xff\1\1",
        b"n,,\1auth=Bearer a\1auth=Bearer a\1\1",
        b"n,,\1auth\1\1",
        b"n,,\x01a-b=c\1auth=Bearer a\1\1",
        b"p=tls-unique,,\1auth=Bearer a\1\1",
        b"n,alice,\1auth=Bearer a\1\1",
        b"n,a=\xff,\1auth=Bearer a\1\1",
        b"n,\1auth=Bearer a\1\1",
        b"n,,x\1auth=Bearer a\1\1",
    ],
)
async def test_bearer_refuses_what_is_none_of_its_messages(node: Login, message: bytes) -> None:
    with pytest.raises(AuthenticationFailed, match=r"^Authentication failed\.$"):
        await BearerExchange(node.authenticator, HOST).take(message)


async def test_bearer_on_behalf_of_another_is_written_down(node: Login) -> None:
    key, events = await added_key(node), audited(node)

    await BearerExchange(node.authenticator, HOST).take(bearer(key, "a=bob"))

    assert [event.result for event in events] == [Result.SUCCESS, Result.UNAUTHENTICATED]
    assert events[1].metadata == {"mechanism": "OAUTHBEARER", "identifier": "alice"}


@pytest.mark.parametrize("mechanism", HASH_NAMES)
async def test_scram_lets_the_owner_of_a_delegation_token_in_while_it_stands(
    node: Login, mechanism: str
) -> None:
    tokens = node.delegation_tokens
    end_ms = node.clock.now_ms() + 1_000
    await node.catalog.put_delegation_token(
        delegation_token("d1", hmac=tokens.digest_of("d1"), expires_at_ms=end_ms)
    )
    await node.watcher.refresh()
    secret = base64.b64encode(tokens.secret_of("d1")).decode()

    step = await scram(node, mechanism, "d1", secret, TokenAuthenticator)

    assert step.principal is not None
    assert (str(step.principal), step.principal.host) == ("User:alice", HOST)
    wrong = [("d1", secret[:-1]), ("d2", secret), ("alice", PASSWORD)]
    for token_id, shown in wrong:
        with pytest.raises(AuthenticationFailed, match=r"^Authentication failed\.$"):
            await scram(node, mechanism, token_id, shown, TokenAuthenticator)
    with pytest.raises(AuthenticationFailed):
        await scram(node, mechanism, "d1", secret)
    node.clock.seconds += 1
    with pytest.raises(AuthenticationFailed):
        await scram(node, mechanism, "d1", secret, TokenAuthenticator)

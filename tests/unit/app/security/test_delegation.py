"""Delegation tokens as a node checks them: found by secret, over at their end, alike anywhere."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.security.delegation import DelegationTokens, new_token_id, owner_of
from app.security.logins.scram_keys import HASH_NAMES, record_of_salted
from app.security.principal import Principal
from tests.support.security.login import Login, login
from tests.support.security.records import delegation_token

END_MS = 2_000_000


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Login]:
    async with login(tmp_path) as node:
        yield node


async def lend(node: Login, token_id: str, **changes: Any) -> None:
    digest = node.delegation_tokens.digest_of(token_id)
    given = {"hmac": digest, "expires_at_ms": END_MS} | changes
    await node.catalog.put_delegation_token(delegation_token(token_id, **given))
    await node.watcher.refresh()


def test_ids_are_of_22_characters_and_no_two_are_the_same() -> None:
    ids = {new_token_id() for _ in range(100)}

    assert (len(ids), {len(one) for one in ids}) == (100, {22})


@pytest.mark.parametrize("name", ["alice", "CN=a:b,O=c", ""])
def test_principals_are_read_as_they_are_written(name: str) -> None:
    assert owner_of(str(Principal(name))) == Principal(name)


async def test_token_is_found_by_its_secret_which_is_kept_nowhere(node: Login) -> None:
    await lend(node, "d1")
    await lend(node, "d2")
    secret = node.delegation_tokens.secret_of("d2")

    found = node.delegation_tokens.by_secret(secret)

    assert found is not None
    assert found.token_id == "d2"
    assert secret not in found.hmac
    for wrong in (b"", found.hmac, secret[:-1], b"d2"):
        assert node.delegation_tokens.by_secret(wrong) is None


async def test_token_lets_its_owner_in_until_it_is_over_or_deleted(node: Login) -> None:
    await lend(node, "d1")
    await lend(node, "d2", expires_at_ms=int(node.clock.seconds * 1000) + 1)
    tokens = node.delegation_tokens

    principal = tokens.principal("d1", "10.0.0.1")
    assert principal == Principal("alice")
    assert principal is not None
    assert (principal.host, principal.expires_at_ms) == ("10.0.0.1", None)
    assert principal.credential is not None
    assert (principal.credential.kind, principal.credential.id) == ("delegation_token", "d1")
    assert [one.token_id for one in tokens.all()] == ["d1", "d2"]

    node.clock.seconds += 0.001
    await node.catalog.delete_delegation_token("d1")
    await node.watcher.refresh()

    assert list(tokens.all()) == []
    for token_id in ("d1", "d2", "never"):
        assert tokens.principal(token_id, "10.0.0.1") is None
        assert tokens.scram_credential("SCRAM-SHA-256", token_id) is None
    over = tokens.by_secret(tokens.secret_of("d2"))
    assert over is not None, "it may be told from one that never was"


@pytest.mark.parametrize("mechanism", list(HASH_NAMES))
async def test_password_of_scram_is_the_secret_in_base64_on_every_node_with_the_same_salt(
    node: Login, mechanism: str
) -> None:
    await lend(node, "d1")
    other = DelegationTokens(node.watcher, node.clock, b"master")

    record = node.delegation_tokens.scram_credential(mechanism, "d1")

    assert record is not None
    assert record == other.scram_credential(mechanism, "d1")
    assert node.delegation_tokens.scram_credential(mechanism, "d1") is record
    password = base64.b64encode(node.delegation_tokens.secret_of("d1"))
    salted = hashlib.pbkdf2_hmac(HASH_NAMES[mechanism], password, record.salt, record.iterations)
    assert record == record_of_salted(
        "d1", mechanism, salted, salt=record.salt, iterations=record.iterations
    )


async def test_another_cluster_has_other_secrets(node: Login) -> None:
    other = DelegationTokens(node.watcher, node.clock, b"another")

    assert other.secret_of("d1") != node.delegation_tokens.secret_of("d1")

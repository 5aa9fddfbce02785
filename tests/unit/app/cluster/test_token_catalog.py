"""The token catalog on SQLite: one successor, one use, and what is over goes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.cluster import token_catalog as module
from app.cluster.catalog import Catalog
from app.cluster.database import sqlite_url
from app.cluster.errors import LoginEnded
from app.cluster.security_catalog import SecurityCatalog
from app.cluster.security_records import LoginRecord
from tests.support.security.records import api_key, delegation_token, refresh_token, scram


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[SecurityCatalog]:
    """A catalog with the user alice."""
    metadata = await Catalog.open(sqlite_url(tmp_path / "a.db"))
    catalog = SecurityCatalog(metadata.engine)
    await catalog.create_user("alice", password_hash="h", scram=[scram()])
    yield catalog
    await metadata.close()


async def test_refresh_token_has_one_successor_and_a_second_use_ends_the_family(
    catalog: SecurityCatalog,
) -> None:
    await catalog.add_refresh_token(refresh_token(b"1", scopes=frozenset({"read"})))

    successor = await catalog.rotate_refresh_token(
        b"1", b"2", now_ms=10, expires_at_ms=2_000, revoked_until_ms=9_000
    )

    assert successor == refresh_token(b"2", scopes=frozenset({"read"}), expires_at_ms=2_000)
    assert (
        await catalog.rotate_refresh_token(
            b"1", b"3", now_ms=11, expires_at_ms=2_000, revoked_until_ms=9_000
        )
        is None
    )
    assert await catalog.refresh_token(b"2") is None
    assert (
        await catalog.rotate_refresh_token(
            b"2", b"4", now_ms=12, expires_at_ms=2_000, revoked_until_ms=9_000
        )
        is None
    )


async def test_refresh_token_used_by_two_at_once_serves_one_of_them(
    catalog: SecurityCatalog,
) -> None:
    await catalog.add_refresh_token(refresh_token(b"1"))

    found = await asyncio.gather(
        *(
            catalog.rotate_refresh_token(
                b"1", b"s%d" % one, now_ms=1, expires_at_ms=2_000, revoked_until_ms=9_000
            )
            for one in range(4)
        )
    )

    assert sum(one is not None for one in found) == 1
    assert [await catalog.refresh_token(b"s%d" % one) for one in range(4)] == [None] * 4


async def test_refresh_tokens_of_a_user_are_bounded_and_the_oldest_go(
    catalog: SecurityCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REFRESH_TOKENS_OF_USER_MAX", 3)
    for number in range(5):
        await catalog.add_refresh_token(
            refresh_token(b"%d" % number, family=f"f{number}", expires_at_ms=2_000 + number)
        )

    assert await catalog.rotate_refresh_token(
        b"4", b"5", now_ms=10, expires_at_ms=3_000, revoked_until_ms=9_000
    )

    left = [await catalog.refresh_token(b"%d" % number) is not None for number in range(6)]
    assert left == [False, False, False, True, True, True]


async def test_expired_or_unknown_refresh_token_has_no_successor(
    catalog: SecurityCatalog,
) -> None:
    await catalog.add_refresh_token(refresh_token(b"1", expires_at_ms=10))

    for token in (b"1", b"unknown"):
        assert (
            await catalog.rotate_refresh_token(
                token, b"2", now_ms=10, expires_at_ms=99, revoked_until_ms=9_000
            )
            is None
        )
    assert await catalog.refresh_token(b"2") is None


async def test_login_that_is_gone_makes_no_delegation_token(catalog: SecurityCatalog) -> None:
    generation = (await catalog.load()).users[0].generation
    await catalog.create_api_key(api_key("k1"))
    await catalog.revoke_token("gone", 2**50)
    parts: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"generation": generation}, {"generation": generation + 1}),
        ({"key_id": "k1"}, {"key_id": "k2"}),
        ({"key_id": "k1"}, {"key_id": "k1", "user": "bob"}),
        ({"revoked_by": frozenset({"t"})}, {"revoked_by": frozenset({"t", "gone"})}),
        ({}, {"generation": generation, "user": "bob"}),
    ]

    for good, bad in parts:
        await catalog.put_delegation_token(
            delegation_token("good"), login=LoginRecord(**({"user": "alice"} | good))
        )
        with pytest.raises(LoginEnded):
            await catalog.put_delegation_token(
                delegation_token("bad"), login=LoginRecord(**({"user": "alice"} | bad))
            )

    assert [one.token_id for one in (await catalog.load()).delegation_tokens] == ["good"]


async def test_family_goes_whole_and_alone(catalog: SecurityCatalog) -> None:
    for token, family in ((b"1", "f"), (b"2", "f"), (b"3", "g")):
        await catalog.add_refresh_token(refresh_token(token, family=family))

    await catalog.end_family("f", 9_000)

    left = [await catalog.refresh_token(token) for token in (b"1", b"2", b"3")]
    assert [one is not None for one in left] == [False, False, True]


async def test_revocation_is_remembered_until_the_token_would_have_expired(
    catalog: SecurityCatalog,
) -> None:
    await catalog.revoke_token("t", 100)
    await catalog.revoke_token("t", 100)
    await catalog.revoke_token("u", 200)
    await catalog.add_refresh_token(refresh_token(b"1", expires_at_ms=100))

    await catalog.forget_expired(100)

    assert (await catalog.load()).revoked == {"u": 200}
    assert await catalog.refresh_token(b"1") is None


async def test_delegation_token_is_put_renewed_and_deleted(catalog: SecurityCatalog) -> None:
    await catalog.put_delegation_token(delegation_token())
    await catalog.renew_delegation_token("d1", 77)

    assert (await catalog.load()).delegation_tokens == (delegation_token(expires_at_ms=77),)

    await catalog.delete_delegation_token("d1")

    assert (await catalog.load()).delegation_tokens == ()


async def test_what_is_used_once_is_used_once_until_it_is_over(catalog: SecurityCatalog) -> None:
    before = await catalog.version()
    uses = await asyncio.gather(*(catalog.use_once("scram n", 50) for _ in range(4)))

    assert sorted(uses) == [False, False, False, True]
    assert await catalog.use_once("scram m", 50)
    assert await catalog.version() == before, "no other node need know"
    await catalog.forget_expired(50)
    assert await catalog.use_once("scram n", 90)

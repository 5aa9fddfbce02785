"""What is written is what is read: each record through its row."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cluster import security_rows as rows
from app.cluster import security_tables as tables
from app.cluster.catalog import Catalog
from app.cluster.database import sqlite_url, transaction
from app.cluster.security_records import QuotaKey, UserRecord
from tests.support.security.records import acl, api_key, delegation_token, refresh_token, scram

USER = UserRecord(name="alice", password_hash=None, generation=2**40, created_at_ms=2**62)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    catalog = await Catalog.open(sqlite_url(tmp_path / "a.db"))
    async with transaction(catalog.engine, writes=True) as connection:
        await connection.execute(insert(tables.users).values(rows.of_user(USER)))
    yield catalog.engine
    await catalog.close()


async def test_each_record_is_read_as_it_was_written(engine: AsyncEngine) -> None:
    keys = [api_key(), api_key("k2", scopes=None, expires_at_ms=2**62, last_used_at_ms=9)]
    token = refresh_token(scopes=frozenset({"read"}), used_at_ms=5)
    async with transaction(engine, writes=True) as connection:
        await connection.execute(insert(tables.scram_credentials).values(rows.of_scram(scram())))
        for key in keys:
            await connection.execute(insert(tables.api_keys).values(rows.of_api_key(key)))
        row = rows.of_refresh_token(token)
        await connection.execute(insert(tables.refresh_tokens).values(row))
        row = rows.of_delegation_token(delegation_token())
        await connection.execute(insert(tables.delegation_tokens).values(row))
        await connection.execute(insert(tables.acls).values(acl()._asdict()))
        quota = rows.of_quota(QuotaKey("alice", "", "", "producer_byte_rate"), 1.5)
        await connection.execute(insert(tables.quotas).values(quota))

    async with transaction(engine, writes=False) as connection:
        read = await rows.load(connection)
        found = (await connection.execute(select(tables.refresh_tokens))).one()

    assert rows.refresh_token(found) == token
    assert (read.users, read.scram, list(read.api_keys)) == ((USER,), (scram(),), keys)
    assert read.delegation_tokens == (delegation_token(),)
    assert read.acls == {acl()}
    assert read.quotas == {QuotaKey("alice", "", "", "producer_byte_rate"): 1.5}

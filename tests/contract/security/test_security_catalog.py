"""The security catalog on SQLite and on a real PostgreSQL, with two nodes at once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData

from app.cluster import security_tables
from app.cluster.catalog import Catalog
from app.cluster.database import create_engine, sqlite_url, transaction
from app.cluster.errors import UserExists
from app.cluster.security_catalog import SecurityCatalog
from app.cluster.security_records import QuotaKey
from app.security.audit.audit import NoAudit
from app.security.bootstrap import FILE, ensure_admin
from app.security.logins.passwords import Passwords
from app.security.watcher import SecurityWatcher
from schema_registry.sql_store import tables as registry_tables
from tests.support.postgres import postgresql
from tests.support.security.records import acl, api_key, delegation_token, refresh_token, scram

pytestmark = pytest.mark.slow


@dataclass
class Nodes:
    """Two nodes of one cluster."""

    first: SecurityCatalog
    second: SecurityCatalog


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "cauce.db")
        return
    address = request.getfixturevalue("server")
    yield address
    engine = create_engine(address)
    async with transaction(engine, writes=True) as connection:
        await connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        await connection.exec_driver_sql("CREATE SCHEMA public")
    await engine.dispose()


@pytest.fixture
async def nodes(url: str) -> AsyncIterator[Nodes]:
    catalogs = [await Catalog.open(url) for _ in range(2)]
    yield Nodes(*(SecurityCatalog(one.engine) for one in catalogs))
    for one in catalogs:
        await one.close()


async def test_migrated_tables_are_those_of_the_code(url: str) -> None:
    everything = MetaData()
    for metadata in (security_tables.metadata, registry_tables.metadata):
        for table in metadata.tables.values():
            table.to_metadata(everything)
    catalog = await Catalog.open(url)

    async with transaction(catalog.engine, writes=False) as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), everything)
        )
    await catalog.close()

    assert differences == []


async def test_each_kind_is_read_by_the_other_node_as_it_was_written(nodes: Nodes) -> None:
    quota = QuotaKey("alice", "", "", "producer_byte_rate")
    await nodes.first.create_user("alice", password_hash="h", scram=[scram()])
    await nodes.first.create_api_key(api_key())
    await nodes.first.put_delegation_token(delegation_token())
    await nodes.first.create_acls([acl(f"t{number}") for number in range(150)])
    await nodes.first.alter_quotas({quota: 1.5})
    await nodes.first.revoke_token("t", 2**50)
    await nodes.first.note_used({"k1": 9})

    read = await nodes.second.load()

    assert read == await nodes.first.load()
    assert (read.scram, read.delegation_tokens) == ((scram(),), (delegation_token(),))
    assert (len(read.acls), read.quotas, read.revoked) == (150, {quota: 1.5}, {"t": 2**50})
    assert [one.last_used_at_ms for one in read.api_keys] == [9]
    assert len(await nodes.second.delete_acls(read.acls)) == 150
    await nodes.second.delete_user("alice")
    assert (await nodes.first.load()).api_keys == ()


async def test_of_two_nodes_one_makes_the_user_and_versions_have_no_gap(nodes: Nodes) -> None:
    found = await asyncio.gather(
        *(
            node.create_user(f"u{number}")
            for number in range(8)
            for node in (nodes.first, nodes.second)
        ),
        return_exceptions=True,
    )

    refused = [one for one in found if isinstance(one, BaseException)]
    assert [type(one) for one in refused] == [UserExists] * 8
    records = await nodes.first.load()
    assert sorted(one.generation for one in records.users) == list(range(1, 9))
    assert records.version == 8


async def test_what_is_used_once_is_used_on_one_node(nodes: Nodes) -> None:
    for number in range(10):
        uses = (node.use_once(f"scram {number}", 2**50) for node in (nodes.first, nodes.second))
        assert sorted(await asyncio.gather(*uses)) == [False, True]


async def test_refresh_token_used_on_both_nodes_ends_its_family(nodes: Nodes) -> None:
    await nodes.first.create_user("alice")
    for number in range(10):
        await nodes.first.add_refresh_token(refresh_token(b"%d" % number, family=f"f{number}"))
        found = await asyncio.gather(
            *(
                node.rotate_refresh_token(
                    b"%d" % number,
                    b"%d-%d" % (number, which),
                    now_ms=1,
                    expires_at_ms=2_000,
                    revoked_until_ms=9_000,
                )
                for which, node in enumerate((nodes.first, nodes.second))
            )
        )
        assert sum(one is not None for one in found) == 1
        for which in range(2):
            assert await nodes.first.refresh_token(b"%d-%d" % (number, which)) is None


async def test_two_nodes_that_begin_at_once_have_one_admin_and_one_file(
    nodes: Nodes, tmp_path: Path
) -> None:
    passwords = Passwords()
    watchers = [SecurityWatcher(nodes.first), SecurityWatcher(nodes.second)]
    places = [tmp_path / "1", tmp_path / "2"]
    for watcher, place in zip(watchers, places, strict=True):
        place.mkdir()
        await watcher.refresh()

    await asyncio.gather(
        *(
            ensure_admin(watcher, passwords, place, NoAudit())
            for watcher, place in zip(watchers, places, strict=True)
        )
    )

    (file,) = [place / FILE for place in places if (place / FILE).exists()]
    kept = (await nodes.first.load()).users[0].password_hash
    assert await passwords.check(b"1", kept, file.read_text().strip(), "h", 0.0)
    passwords.close()

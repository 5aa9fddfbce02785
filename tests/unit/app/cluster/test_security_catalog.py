"""The security catalog on SQLite: what a change leaves, and what a refusal leaves alone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from app.cluster.catalog import Catalog
from app.cluster.database import sqlite_url
from app.cluster.errors import (
    CatalogError,
    UnknownApiKey,
    UnknownDelegationToken,
    UnknownUser,
    UserExists,
)
from app.cluster.security_catalog import SecurityCatalog
from app.cluster.security_records import QuotaKey
from tests.support.security.records import acl, api_key, refresh_token, scram

Refused = Callable[[SecurityCatalog], Awaitable[object]]
RATE = QuotaKey("alice", "", "", "producer_byte_rate")


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[SecurityCatalog]:
    """A catalog with the user alice."""
    metadata = await Catalog.open(sqlite_url(tmp_path / "a.db"))
    catalog = SecurityCatalog(metadata.engine)
    await catalog.create_user("alice", password_hash="h", scram=[scram()])
    yield catalog
    await metadata.close()


async def test_user_has_what_it_was_made_with(catalog: SecurityCatalog) -> None:
    records = await catalog.load()

    assert [(one.name, one.password_hash) for one in records.users] == [("alice", "h")]
    assert records.scram == (scram(),)
    assert records.version == await catalog.version() == records.users[0].generation


async def test_change_of_a_user_keeps_what_it_does_not_name(catalog: SecurityCatalog) -> None:
    await catalog.create_api_key(api_key())
    await catalog.add_refresh_token(refresh_token())
    stronger = scram(iterations=8192)
    other = scram(mechanism="SCRAM-SHA-512")

    altered = await catalog.alter_user("alice", scram=[stronger, other])

    records = await catalog.load()
    assert (altered.password_hash, altered.generation) == ("h", records.version)
    assert set(records.scram) == {stronger, other}
    assert records.api_keys == (api_key(),)
    assert await catalog.refresh_token(b"canary-1") is None

    await catalog.alter_user("alice", delete_password=True)
    assert (await catalog.load()).users[0].password_hash is None
    await catalog.alter_user("alice", password_hash="i", delete_scram=["SCRAM-SHA-512"])

    records = await catalog.load()
    assert records.users[0].password_hash == "i"
    assert records.scram == (stronger,)


async def test_deleted_user_takes_its_credentials_along_and_no_later_one_has_its_generation(
    catalog: SecurityCatalog,
) -> None:
    first = (await catalog.load()).users[0].generation
    await catalog.create_api_key(api_key())
    await catalog.add_refresh_token(refresh_token())

    await catalog.delete_user("alice")

    records = await catalog.load()
    assert (records.users, records.scram, records.api_keys) == ((), (), ())
    assert await catalog.refresh_token(b"canary-1") is None
    assert (await catalog.create_user("alice")).generation > first


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        (lambda c: c.create_user("alice", scram=[scram(iterations=9999)]), UserExists),
        (lambda c: c.alter_user("bob", password_hash="x"), UnknownUser),
        (lambda c: c.delete_user("bob"), UnknownUser),
        (lambda c: c.create_api_key(api_key(user="bob")), UnknownUser),
        (lambda c: c.add_refresh_token(refresh_token(user="bob")), UnknownUser),
        (lambda c: c.delete_api_key("none"), UnknownApiKey),
        (lambda c: c.renew_delegation_token("none", 1), UnknownDelegationToken),
        (lambda c: c.delete_delegation_token("none"), UnknownDelegationToken),
    ],
)
async def test_refusal_changes_nothing_not_even_the_version(
    catalog: SecurityCatalog, refused: Refused, error: type[CatalogError]
) -> None:
    before = await catalog.load()

    with pytest.raises(error):
        await refused(catalog)

    assert await catalog.load() == before


async def test_use_of_keys_is_written_down_without_another_version(
    catalog: SecurityCatalog,
) -> None:
    await catalog.create_api_key(api_key())
    version = await catalog.version()

    await catalog.note_used({"k1": 50, "gone": 60})
    await catalog.note_used({"k1": 40})

    assert [one.last_used_at_ms for one in await catalog.api_keys()] == [50]
    assert await catalog.version() == version


async def test_deleted_key_is_gone(catalog: SecurityCatalog) -> None:
    await catalog.create_api_key(api_key())

    await catalog.delete_api_key("k1")

    assert await catalog.api_keys() == []


async def test_access_control_lists_are_a_set(catalog: SecurityCatalog) -> None:
    many = [acl(f"t{number}") for number in range(250)]
    await catalog.create_acls(many)
    await catalog.create_acls([acl("t0"), acl("u"), acl("u")])
    assert (await catalog.load()).acls == {*many, acl("u")}

    gone = await catalog.delete_acls([*many, acl("none")])

    assert gone == set(many)
    assert (await catalog.load()).acls == {acl("u")}


async def test_quotas_are_set_replaced_and_removed_together(catalog: SecurityCatalog) -> None:
    other = RATE._replace(client_id="<default>")
    await catalog.alter_quotas({RATE: 1.0, other: 2.0})

    await catalog.alter_quotas({RATE: 3.5}, [other])

    assert (await catalog.load()).quotas == {RATE: 3.5}

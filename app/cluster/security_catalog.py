"""Security catalog: users, keys, tokens, access control lists and quotas in SQL.

Every change is one transaction that first raises the security version: that row lock puts changes
in an order, as the metadata version does in ``catalog``. A node that ends between two changes has
made the first and not the second; there is no half of one.

Invariants:
    Who logged in with what is gone makes no key and no delegation token any more.
    A user's generation is the security version of its last change, so no later user of the same
    name has an earlier one's.
    Keys and refresh tokens are of users that are there; who changes a password ends the logins
    that lived by refresh tokens.
What does not raise the version, for no node works from it: when keys were used, refresh tokens,
expired rows that go.
"""

import time
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.cluster import security_rows as rows
from app.cluster import security_tables as tables
from app.cluster.database import to_its_end, transaction
from app.cluster.errors import (
    UnknownApiKey,
    UnknownUser,
    UserExists,
)
from app.cluster.security_records import (
    AclRecord,
    ApiKeyRecord,
    LoginRecord,
    QuotaKey,
    ScramRecord,
    SecurityRecords,
    UserRecord,
)
from app.cluster.tables import cluster
from app.cluster.token_catalog import (
    DELETE_ROWS_MAX,
    TokenCatalog,
    delete_refresh_tokens,
    raise_version,
    require_login,
)


class SecurityCatalog(TokenCatalog):
    """The security tables of the cluster's database."""

    @to_its_end
    async def version(self) -> int:
        """Return the security version: another one means that something changed."""
        async with transaction(self._engine, writes=False) as connection:
            found = await connection.execute(select(cluster.c.security_version))
            return int(found.scalar_one())

    @to_its_end
    async def load(self) -> SecurityRecords:
        """Read everything that nodes work with, in one transaction."""
        async with transaction(self._engine, writes=False) as connection:
            return await rows.load(connection)

    # users

    @to_its_end
    async def create_user(
        self, name: str, *, password_hash: str | None = None, scram: Collection[ScramRecord] = ()
    ) -> UserRecord:
        """Create a user with its credentials.

        Raises:
            UserExists: There is one.
        """
        async with transaction(self._engine, writes=True) as connection:
            version = await raise_version(connection)
            made = UserRecord(
                name=name,
                password_hash=password_hash,
                generation=version,
                created_at_ms=_now_ms(),
            )
            try:
                await connection.execute(insert(tables.users).values(rows.of_user(made)))
            except IntegrityError as error:
                raise UserExists(f"user {name!r} exists") from error
            await _put_scram(connection, name, scram)
        return made

    @to_its_end
    async def alter_user(
        self,
        name: str,
        *,
        password_hash: str | None = None,
        scram: Collection[ScramRecord] = (),
        delete_scram: Collection[str] = (),
        delete_password: bool = False,
    ) -> UserRecord:
        """Change what a user logs in with; logins by the old credentials end.

        Args:
            name: The user's.
            password_hash: The new one; None leaves it as it is.
            scram: Put in place of those of the same mechanism.
            delete_scram: Mechanisms that go.
            delete_password: Whether the one there is goes, if there is no new one.

        Raises:
            UnknownUser: There is none.
        """
        users = tables.users
        values: dict[str, object] = {}
        if password_hash is not None or delete_password:
            values["password_hash"] = password_hash
        async with transaction(self._engine, writes=True) as connection:
            values["generation"] = await raise_version(connection)
            changed = await connection.execute(
                update(users).where(users.c.name == name).values(values)
            )
            if changed.rowcount == 0:
                raise UnknownUser(f"there is no user {name!r}")
            await _delete_scram(connection, name, delete_scram)
            await _put_scram(connection, name, scram)
            await delete_refresh_tokens(connection, name)
            row = (await connection.execute(select(users).where(users.c.name == name))).one()
            return rows.user(row)

    @to_its_end
    async def delete_user(self, name: str) -> None:
        """Delete a user with all that it logs in with; its access control lists stay.

        Raises:
            UnknownUser: There is none.
        """
        async with transaction(self._engine, writes=True) as connection:
            await raise_version(connection)
            for table in (tables.scram_credentials, tables.api_keys, tables.refresh_tokens):
                await connection.execute(delete(table).where(table.c.user_name == name))
            lent = tables.delegation_tokens
            await connection.execute(delete(lent).where(lent.c.owner == f"User:{name}"))
            gone = await connection.execute(delete(tables.users).where(tables.users.c.name == name))
            if gone.rowcount == 0:
                raise UnknownUser(f"there is no user {name!r}")

    # API keys

    @to_its_end
    async def create_api_key(self, key: ApiKeyRecord, *, login: LoginRecord | None = None) -> None:
        """Write down a new key.

        Args:
            key: What is kept of it.
            login: What whoever asks for it logged in with; nothing that ends if None.

        Raises:
            LoginEnded: That is there no more.
            UnknownUser: The key's user is not there.
        """
        users = tables.users
        async with transaction(self._engine, writes=True) as connection:
            await raise_version(connection)
            await require_login(connection, login)
            found = await connection.execute(select(users.c.name).where(users.c.name == key.user))
            if found.first() is None:
                raise UnknownUser(f"there is no user {key.user!r}")
            await connection.execute(insert(tables.api_keys).values(rows.of_api_key(key)))

    @to_its_end
    async def api_keys(self) -> list[ApiKeyRecord]:
        """Return all keys, with the last use of each that is written down."""
        table = tables.api_keys
        async with transaction(self._engine, writes=False) as connection:
            found = await connection.execute(select(table).order_by(table.c.key_id))
            return [rows.api_key(row) for row in found]

    @to_its_end
    async def delete_api_key(self, key_id: str) -> None:
        """Delete a key.

        Raises:
            UnknownApiKey: There is none.
        """
        table = tables.api_keys
        async with transaction(self._engine, writes=True) as connection:
            await raise_version(connection)
            gone = await connection.execute(delete(table).where(table.c.key_id == key_id))
            if gone.rowcount == 0:
                raise UnknownApiKey(f"there is no API key {key_id!r}")

    @to_its_end
    async def note_used(self, used_at_ms: Mapping[str, int]) -> None:
        """Write down when keys were last used; an earlier time than the known one is nothing new.

        Args:
            used_at_ms: By the key's id.
        """
        table = tables.api_keys
        async with transaction(self._engine, writes=True) as connection:
            for key_id, at_ms in sorted(used_at_ms.items()):  # in one order, so none deadlocks
                earlier = or_(table.c.last_used_at_ms.is_(None), table.c.last_used_at_ms < at_ms)
                await connection.execute(
                    update(table)
                    .where(table.c.key_id == key_id, earlier)
                    .values(last_used_at_ms=at_ms)
                )

    # access control lists and quotas

    @to_its_end
    async def create_acls(self, wanted: Collection[AclRecord]) -> None:
        """Add access control lists, all or none; those that are there stay."""
        async with transaction(self._engine, writes=True) as connection:
            await raise_version(connection)
            known = await rows.acls(connection)
            added = [acl._asdict() for acl in sorted(set(wanted) - known)]
            if added:
                await connection.execute(insert(tables.acls), added)

    @to_its_end
    async def delete_acls(self, unwanted: Collection[AclRecord]) -> set[AclRecord]:
        """Delete access control lists, all or none; return those that were there."""
        table = tables.acls
        async with transaction(self._engine, writes=True) as connection:
            await raise_version(connection)
            gone = sorted(set(unwanted) & await rows.acls(connection))
            for start in range(0, len(gone), DELETE_ROWS_MAX):
                some = gone[start : start + DELETE_ROWS_MAX]
                await connection.execute(delete(table).where(or_(*map(_is_acl, some))))
            return set(gone)

    @to_its_end
    async def alter_quotas(
        self, wanted: Mapping[QuotaKey, float], unwanted: Collection[QuotaKey] = ()
    ) -> None:
        """Set and remove quotas, all or none."""
        table = tables.quotas
        async with transaction(self._engine, writes=True) as connection:
            await raise_version(connection)
            for key in sorted({*wanted, *unwanted}):
                await connection.execute(delete(table).where(_is_quota(key)))
            if wanted:
                added = [rows.of_quota(key, value) for key, value in sorted(wanted.items())]
                await connection.execute(insert(table), added)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _put_scram(
    connection: AsyncConnection, user: str, credentials: Collection[ScramRecord]
) -> None:
    await _delete_scram(connection, user, [one.mechanism for one in credentials])
    if credentials:
        added = [rows.of_scram(one) | {"user_name": user} for one in credentials]
        await connection.execute(insert(tables.scram_credentials), added)


async def _delete_scram(
    connection: AsyncConnection, user: str, mechanisms: Collection[str]
) -> None:
    table = tables.scram_credentials
    if mechanisms:
        those = and_(table.c.user_name == user, table.c.mechanism.in_(list(mechanisms)))
        await connection.execute(delete(table).where(those))


def _is_acl(acl: AclRecord) -> Any:
    return and_(*(tables.acls.c[name] == value for name, value in acl._asdict().items()))


def _is_quota(key: QuotaKey) -> Any:
    table = tables.quotas
    return and_(
        table.c.user_name == key.user,
        table.c.client_id == key.client_id,
        table.c.ip == key.ip,
        table.c.name == key.name,
    )

"""Security catalog: users, keys, tokens, access control lists and quotas in SQL.

Every change is one transaction that first raises the security version: that row lock puts changes
in an order, as the metadata version does in ``catalog``. A node that ends between two changes has
made the first and not the second; there is no half of one.

Invariants:
    A user's generation is the security version of its last change, so no later user of the same
    name has an earlier one's.
    Keys and refresh tokens are of users that are there; who changes a password ends the logins
    that lived by refresh tokens.
    A refresh token has one successor; one used twice ends its family (RFC 9700, 4.14.2).
What does not raise the version, for no node works from it: when keys were used, refresh tokens,
expired rows that go.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.cluster import security_rows as rows
from app.cluster import security_tables as tables
from app.cluster.database import to_its_end, transaction
from app.cluster.errors import (
    UnknownApiKey,
    UnknownDelegationToken,
    UnknownUser,
    UserExists,
)
from app.cluster.security_records import (
    AclRecord,
    ApiKeyRecord,
    DelegationTokenRecord,
    QuotaKey,
    RefreshTokenRecord,
    ScramRecord,
    SecurityRecords,
    UserRecord,
)
from app.cluster.tables import cluster

DELETE_ROWS_MAX = 100
"""Rows of one delete statement."""

REFRESH_TOKENS_OF_USER_MAX = 1000
"""Used ones too; for one more the oldest go."""


class SecurityCatalog:
    """The security tables of the cluster's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Keep no state.

        Args:
            engine: The database, migrated.
        """
        self._engine = engine

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
            version = await _raise_version(connection)
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
            values["generation"] = await _raise_version(connection)
            changed = await connection.execute(
                update(users).where(users.c.name == name).values(values)
            )
            if changed.rowcount == 0:
                raise UnknownUser(f"there is no user {name!r}")
            await _delete_scram(connection, name, delete_scram)
            await _put_scram(connection, name, scram)
            await _delete_refresh_tokens(connection, name)
            row = (await connection.execute(select(users).where(users.c.name == name))).one()
            return rows.user(row)

    @to_its_end
    async def delete_user(self, name: str) -> None:
        """Delete a user with all that it logs in with; its access control lists stay.

        Raises:
            UnknownUser: There is none.
        """
        async with transaction(self._engine, writes=True) as connection:
            await _raise_version(connection)
            for table in (tables.scram_credentials, tables.api_keys, tables.refresh_tokens):
                await connection.execute(delete(table).where(table.c.user_name == name))
            lent = tables.delegation_tokens
            await connection.execute(delete(lent).where(lent.c.owner == f"User:{name}"))
            gone = await connection.execute(delete(tables.users).where(tables.users.c.name == name))
            if gone.rowcount == 0:
                raise UnknownUser(f"there is no user {name!r}")

    # API keys

    @to_its_end
    async def create_api_key(self, key: ApiKeyRecord) -> None:
        """Write down a new key.

        Raises:
            UnknownUser: Its user is not there.
        """
        users = tables.users
        async with transaction(self._engine, writes=True) as connection:
            await _raise_version(connection)
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
            await _raise_version(connection)
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

    # tokens

    @to_its_end
    async def add_refresh_token(
        self, token: RefreshTokenRecord, *, generation: int | None = None
    ) -> None:
        """Begin a family.

        Args:
            token: Its first.
            generation: Of the user when it logged in; any if None.

        Raises:
            UnknownUser: Its user is not there, or its credentials changed since.
        """
        users = tables.users
        async with transaction(self._engine, writes=True) as connection:
            await _lock(connection)  # or a password changed meanwhile would not end it
            now = select(users.c.generation).where(users.c.name == token.user)
            if generation not in (None, (await connection.execute(now)).scalar_one_or_none()):
                raise UnknownUser(f"there is no user {token.user!r} of generation {generation}")
            await _make_room(connection, token.user)
            try:
                await connection.execute(
                    insert(tables.refresh_tokens).values(rows.of_refresh_token(token))
                )
            except IntegrityError as error:
                raise UnknownUser(f"there is no user {token.user!r}") from error

    @to_its_end
    async def rotate_refresh_token(
        self,
        token_hash: bytes,
        successor_hash: bytes,
        *,
        now_ms: int,
        expires_at_ms: int,
        revoked_until_ms: int,
    ) -> RefreshTokenRecord | None:
        """Use a refresh token, writing down its successor.

        Args:
            token_hash: Which token.
            successor_hash: Of the one that comes after it.
            now_ms: Wall-clock time.
            expires_at_ms: When the successor expires.
            revoked_until_ms: When no access token of its family lives any more, if that ends.

        Returns:
            The successor; None if the token is unknown, expired, or was used before, which ends
            its family.
        """
        table = tables.refresh_tokens
        unused = and_(table.c.token_hash == token_hash, table.c.used_at_ms.is_(None))
        async with transaction(self._engine, writes=True) as connection:
            await _lock(connection)  # or a successor made meanwhile would outlive its family
            used = await connection.execute(update(table).where(unused).values(used_at_ms=now_ms))
            same = select(table).where(table.c.token_hash == token_hash)
            row = (await connection.execute(same)).first()
            if row is None:
                return None
            token = rows.refresh_token(row)
            if used.rowcount == 0:
                await _end_family(connection, token.family, revoked_until_ms)
                return None
            if token.expires_at_ms <= now_ms:
                return None
            successor = replace(
                token, token_hash=successor_hash, expires_at_ms=expires_at_ms, used_at_ms=None
            )
            await _make_room(connection, token.user)
            await connection.execute(insert(table).values(rows.of_refresh_token(successor)))
            return successor

    @to_its_end
    async def refresh_token(self, token_hash: bytes) -> RefreshTokenRecord | None:
        """Return what is known of a refresh token."""
        table = tables.refresh_tokens
        async with transaction(self._engine, writes=False) as connection:
            found = await connection.execute(select(table).where(table.c.token_hash == token_hash))
            row = found.first()
            return None if row is None else rows.refresh_token(row)

    @to_its_end
    async def end_family(self, family: str, revoked_until_ms: int) -> None:
        """Delete all refresh tokens that came of one login, and have its access tokens refused.

        Args:
            family: The login's.
            revoked_until_ms: When none of those lives any more.
        """
        async with transaction(self._engine, writes=True) as connection:
            await _end_family(connection, family, revoked_until_ms)

    @to_its_end
    async def revoke_token(self, token_id: str, expires_at_ms: int) -> None:
        """Have a token refused that has not expired; once more is the same.

        Args:
            token_id: The ``jti`` of an access token, or what else it is known by.
            expires_at_ms: When it expires, and need not be remembered any longer.
        """
        async with transaction(self._engine, writes=True) as connection:
            await _raise_version(connection)
            await _revoke(connection, token_id, expires_at_ms)

    @to_its_end
    async def use_once(self, token_id: str, expires_at_ms: int) -> bool:
        """Return whether this is the first use of something, on whichever node.

        Args:
            token_id: What it is known by.
            expires_at_ms: When it is good no more, and need not be remembered any longer.
        """
        used = insert(tables.revoked_tokens).values(id=token_id, expires_at_ms=expires_at_ms)
        try:
            async with transaction(self._engine, writes=True) as connection:
                await connection.execute(used)
        except IntegrityError:
            return False
        return True

    @to_its_end
    async def forget_expired(self, now_ms: int) -> None:
        """Delete refresh tokens, revocations and delegation tokens that are over."""
        async with transaction(self._engine, writes=True) as connection:
            over = (tables.refresh_tokens, tables.revoked_tokens, tables.delegation_tokens)
            for table in over:
                await connection.execute(delete(table).where(table.c.expires_at_ms <= now_ms))

    @to_its_end
    async def put_delegation_token(self, token: DelegationTokenRecord) -> None:
        """Write down a delegation token, in place of the one of its id."""
        table = tables.delegation_tokens
        async with transaction(self._engine, writes=True) as connection:
            await _raise_version(connection)
            await connection.execute(delete(table).where(table.c.token_id == token.token_id))
            await connection.execute(insert(table).values(rows.of_delegation_token(token)))

    @to_its_end
    async def renew_delegation_token(self, token_id: str, expires_at_ms: int) -> None:
        """Change when a delegation token expires.

        Raises:
            UnknownDelegationToken: There is none.
        """
        table = tables.delegation_tokens
        async with transaction(self._engine, writes=True) as connection:
            await _raise_version(connection)
            changed = await connection.execute(
                update(table)
                .where(table.c.token_id == token_id)
                .values(expires_at_ms=expires_at_ms)
            )
            if changed.rowcount == 0:
                raise UnknownDelegationToken("there is no such delegation token")

    @to_its_end
    async def delete_delegation_token(self, token_id: str) -> None:
        """Delete a delegation token.

        Raises:
            UnknownDelegationToken: There is none.
        """
        table = tables.delegation_tokens
        async with transaction(self._engine, writes=True) as connection:
            await _raise_version(connection)
            gone = await connection.execute(delete(table).where(table.c.token_id == token_id))
            if gone.rowcount == 0:
                raise UnknownDelegationToken("there is no such delegation token")

    # access control lists and quotas

    @to_its_end
    async def create_acls(self, wanted: Collection[AclRecord]) -> None:
        """Add access control lists, all or none; those that are there stay."""
        async with transaction(self._engine, writes=True) as connection:
            await _raise_version(connection)
            known = await rows.acls(connection)
            added = [acl._asdict() for acl in sorted(set(wanted) - known)]
            if added:
                await connection.execute(insert(tables.acls), added)

    @to_its_end
    async def delete_acls(self, unwanted: Collection[AclRecord]) -> set[AclRecord]:
        """Delete access control lists, all or none; return those that were there."""
        table = tables.acls
        async with transaction(self._engine, writes=True) as connection:
            await _raise_version(connection)
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
            await _raise_version(connection)
            for key in sorted({*wanted, *unwanted}):
                await connection.execute(delete(table).where(_is_quota(key)))
            if wanted:
                added = [rows.of_quota(key, value) for key, value in sorted(wanted.items())]
                await connection.execute(insert(table), added)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _raise_version(connection: AsyncConnection) -> int:
    raised = update(cluster).values(security_version=cluster.c.security_version + 1)
    result = await connection.execute(raised.returning(cluster.c.security_version))
    return int(result.scalar_one())


async def _lock(connection: AsyncConnection) -> None:
    """Be alone with what changes without another version; SQLite's transactions are anyway."""
    await connection.execute(select(cluster.c.id).with_for_update())


async def _revoke(connection: AsyncConnection, token_id: str, expires_at_ms: int) -> None:
    table = tables.revoked_tokens
    await connection.execute(delete(table).where(table.c.id == token_id))
    await connection.execute(insert(table).values(id=token_id, expires_at_ms=expires_at_ms))


async def _end_family(connection: AsyncConnection, family: str, revoked_until_ms: int) -> None:
    table = tables.refresh_tokens
    await _raise_version(connection)
    await connection.execute(delete(table).where(table.c.family == family))
    await _revoke(connection, family, revoked_until_ms)


async def _make_room(connection: AsyncConnection, user: str) -> None:
    """Delete the oldest refresh tokens of a user that has too many: no login fills the disk."""
    table = tables.refresh_tokens
    own = table.c.user_name == user
    newest = select(table.c.token_hash).where(own).order_by(table.c.expires_at_ms.desc())
    too_old = newest.offset(REFRESH_TOKENS_OF_USER_MAX - 1).limit(DELETE_ROWS_MAX)
    found = (await connection.execute(too_old)).scalars().all()
    if found:
        await connection.execute(delete(table).where(table.c.token_hash.in_(found)))


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


async def _delete_refresh_tokens(connection: AsyncConnection, user: str) -> None:
    table = tables.refresh_tokens
    await connection.execute(delete(table).where(table.c.user_name == user))


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

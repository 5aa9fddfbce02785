"""Token catalog: refresh tokens, revocations and delegation tokens in SQL.

It is the part of the security catalog that lives by time; changes are made as there. Invariants:
    A refresh token has one successor; one used twice ends its family (RFC 9700, 4.14.2). None is
    good after its login's end.
    What is used once is used once, on whichever node.
"""

from dataclasses import replace

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.cluster import security_rows as rows
from app.cluster import security_tables as tables
from app.cluster.database import to_its_end, transaction
from app.cluster.errors import LoginEnded, UnknownDelegationToken, UnknownUser
from app.cluster.security_records import DelegationTokenRecord, LoginRecord, RefreshTokenRecord
from app.cluster.tables import cluster

DELETE_ROWS_MAX = 100
"""Rows of one delete statement."""

REFRESH_TOKENS_OF_USER_MAX = 1000
"""Used ones too; for one more the oldest go."""


class TokenCatalog:
    """What lives by time: each row is deleted when it is over."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Keep no state.

        Args:
            engine: The database, migrated.
        """
        self._engine = engine

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
            expires_at_ms: When the successor expires, if its login has not ended before.
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
                token,
                token_hash=successor_hash,
                expires_at_ms=min(expires_at_ms, token.login_ends_at_ms),
                used_at_ms=None,
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
            await raise_version(connection)
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
    async def put_delegation_token(
        self, token: DelegationTokenRecord, *, login: LoginRecord | None = None
    ) -> None:
        """Write down a delegation token, in place of the one of its id.

        Args:
            token: What it is.
            login: What whoever asks for it logged in with; nothing that ends if None.

        Raises:
            LoginEnded: That is there no more.
        """
        table = tables.delegation_tokens
        async with transaction(self._engine, writes=True) as connection:
            await raise_version(connection)
            await require_login(connection, login)
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
            await raise_version(connection)
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
            await raise_version(connection)
            gone = await connection.execute(delete(table).where(table.c.token_id == token_id))
            if gone.rowcount == 0:
                raise UnknownDelegationToken("there is no such delegation token")


async def raise_version(connection: AsyncConnection) -> int:
    """Begin a change that other nodes work from; return the version that it makes."""
    raised = update(cluster).values(security_version=cluster.c.security_version + 1)
    result = await connection.execute(raised.returning(cluster.c.security_version))
    return int(result.scalar_one())


async def _lock(connection: AsyncConnection) -> None:
    """Be alone with what changes without another version; SQLite's transactions are anyway."""
    await connection.execute(select(cluster.c.id).with_for_update())


async def require_login(connection: AsyncConnection, login: LoginRecord | None) -> None:
    """Refuse who logged in with what is gone, so that nothing is made of it that outlives it.

    To be called where changes are in an order: what ends the login later sees what was made.

    Raises:
        LoginEnded: It is gone.
    """
    if login is None:
        return
    users, keys, revoked = tables.users, tables.api_keys, tables.revoked_tokens
    wanted = []
    if login.generation is not None:
        same = and_(users.c.name == login.user, users.c.generation == login.generation)
        wanted.append(select(users.c.name).where(same))
    if login.key_id:
        own = and_(keys.c.key_id == login.key_id, keys.c.user_name == login.user)
        wanted.append(select(keys.c.key_id).where(own))
    for one in wanted:
        if (await connection.execute(one)).first() is None:
            raise LoginEnded("the login has ended")
    if login.revoked_by:
        ended = select(revoked.c.id).where(revoked.c.id.in_(sorted(login.revoked_by)))
        if (await connection.execute(ended)).first() is not None:
            raise LoginEnded("the login has ended")


async def delete_refresh_tokens(connection: AsyncConnection, user: str) -> None:
    """End a user's logins that live by them."""
    table = tables.refresh_tokens
    await connection.execute(delete(table).where(table.c.user_name == user))


async def _revoke(connection: AsyncConnection, token_id: str, expires_at_ms: int) -> None:
    table = tables.revoked_tokens
    await connection.execute(delete(table).where(table.c.id == token_id))
    await connection.execute(insert(table).values(id=token_id, expires_at_ms=expires_at_ms))


async def _end_family(connection: AsyncConnection, family: str, revoked_until_ms: int) -> None:
    table = tables.refresh_tokens
    await raise_version(connection)
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

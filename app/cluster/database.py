"""The database behind the catalog: SQLite by default, PostgreSQL for several hosts.

Invariants:
    SQLite commits are on disk when they return (WAL with ``synchronous=FULL``), and a
    transaction that will write takes the write lock at its beginning (``BEGIN IMMEDIATE``), so
    that none deadlocks in the middle (T16).
    A transaction that only reads sees one moment; one that writes on PostgreSQL sees what was
    committed before each statement, so that after the row lock it sees all changes before it.
    No call waits for ever: connecting, a statement and the wait for a connection have time-outs,
    so that a database that hangs looks like one that is away (T15).
    A client that leaves does not break off a transaction (``to_its_end``).
    Errors name a statement and not its parameters: hashes and signing secrets are among those.
    A connection that could not be made, or was not waited for, leaves no thread behind.
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import aiosqlite
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.cluster.errors import CatalogError, DatabaseUnavailable

T = TypeVar("T")
Parameters = ParamSpec("Parameters")

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 10
POOL_TIMEOUT_S = 10
BUSY_TIMEOUT_MS = 10_000
WAL_TRIES_MAX = 20
POOL_SIZE = 5

_SQLITE = "sqlite+aiosqlite"
_POSTGRESQL = "postgresql+psycopg"


def sqlite_url(path: Path) -> str:
    """Return the URL of an SQLite file."""
    return URL.create(_SQLITE, database=str(path)).render_as_string()


def parse_url(text: str) -> URL:
    """Return the URL of a supported database, with the driver that is used here.

    Raises:
        CatalogError: Not a database URL, or not SQLite or PostgreSQL. The text is not repeated,
            for it may hold a password.
    """
    try:
        url = make_url(text)
    except Exception as error:  # whatever its parser raises, it is not a URL
        raise CatalogError("--database-url is not a database URL") from error
    backend = url.drivername.split("+")[0]
    if backend == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise CatalogError("--database-url: sqlite needs a file, sqlite:///DIR/FILE")
        return url.set(drivername=_SQLITE)
    if backend in ("postgresql", "postgres"):
        return url.set(drivername=_POSTGRESQL)
    raise CatalogError(f"--database-url: {backend!r} is neither sqlite nor postgresql")


def create_engine(text: str) -> AsyncEngine:
    """Return an engine for a database URL; nothing is connected yet.

    Raises:
        CatalogError: The URL is refused, by us or by the driver.
    """
    url = parse_url(text)
    try:
        return _create_engine(url)
    except (ArgumentError, TypeError, ValueError) as error:
        raise CatalogError("--database-url has an option that its driver does not take") from error


def _create_engine(url: URL) -> AsyncEngine:
    if url.drivername == _SQLITE:
        engine = create_async_engine(
            url,
            pool_timeout=POOL_TIMEOUT_S,
            hide_parameters=True,
            connect_args={"async_creator_fn": _open_sqlite},
        )
        _prepare_sqlite(engine)
        return engine
    return create_async_engine(
        url,
        pool_size=POOL_SIZE,
        hide_parameters=True,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_S * 1000}",
            "keepalives_idle": CONNECT_TIMEOUT_S,
            "tcp_user_timeout": STATEMENT_TIMEOUT_S * 1000,
        },
    )


async def _open_sqlite(*arguments: Any, **options: Any) -> aiosqlite.Connection:
    """Connect as SQLAlchemy would, and if that fails, wait for the connection's thread to end.

    The driver tells it to end but does not wait, so that it could outlive the event loop.
    """
    _create_private(str(arguments[0]))
    connection = aiosqlite.connect(*arguments, **options)
    thread = connection._thread  # noqa: SLF001 - SQLAlchemy has no other way either
    thread.daemon = True
    try:
        return await connection
    except BaseException:
        await asyncio.to_thread(thread.join)
        raise


def _create_private(path: str) -> None:
    """Make a new file that its owner alone can read, for it holds hashes and signing secrets.

    SQLite gives its journals the mode of the file. What cannot be made here, SQLite will word.
    """
    if path in ("", ":memory:") or path.startswith("file:"):
        return
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined] # the driver's connection
        try:
            _configure_sqlite(connection)
        except BaseException:
            connection.close()  # type: ignore[attr-defined] # else its thread would stay
            raise

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _configure_sqlite(connection: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined] # the driver's connection
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    _switch_to_wal(cursor)
    cursor.close()


def _switch_to_wal(cursor: DBAPICursor) -> None:
    """Have the file's journal be a WAL, also when others open a new file at the same time.

    SQLite fails this switch at once, whatever the busy time-out, where waiting could be a
    deadlock; an empty transaction does wait for the others.
    """
    for _ in range(WAL_TRIES_MAX - 1):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            cursor.execute("BEGIN EXCLUSIVE")
            cursor.execute("ROLLBACK")
        else:
            return
    cursor.execute("PRAGMA journal_mode=WAL")


@asynccontextmanager
async def transaction(engine: AsyncEngine, *, writes: bool) -> AsyncIterator[AsyncConnection]:
    """Run the block in one transaction, committed at its end.

    Raises:
        DatabaseUnavailable: The database is away, hangs, is locked by another, or is no database.
    """
    try:
        async with engine.connect() as connection:
            if not writes and connection.dialect.name == "postgresql":
                await connection.execution_options(isolation_level="REPEATABLE READ")
            await connection.execution_options(writes=writes)
            async with connection.begin():
                yield connection
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise DatabaseUnavailable(_reason(error)) from error
    except DBAPIError as error:
        # Of no narrower class: SQLite's for a file that is damaged or something else.
        if error.connection_invalidated or type(error) is DatabaseError:
            raise DatabaseUnavailable(_reason(error)) from error
        raise


_under_way: set[asyncio.Future[Any]] = set()
"""Operations that go to their end."""


def to_its_end(
    operation: Callable[Parameters, Coroutine[Any, Any, T]],
) -> Callable[Parameters, Coroutine[Any, Any, T]]:
    """Make an operation one that cancelling its caller does not break off.

    A driver's call that is abandoned goes on in its thread, and may take SQLite's write lock when
    nobody is left to give it back.
    """

    @wraps(operation)
    async def whole(*arguments: Parameters.args, **options: Parameters.kwargs) -> T:
        running = asyncio.ensure_future(operation(*arguments, **options))
        _under_way.add(running)
        running.add_done_callback(_note_end)
        return await asyncio.shield(running)

    return whole


async def settled() -> None:
    """Return when the operations of this loop have ended whose callers may be gone."""
    loop = asyncio.get_running_loop()
    mine = {one for one in _under_way if one.get_loop() is loop}
    if mine:
        await asyncio.wait(mine)


def _note_end(ended: asyncio.Future[Any]) -> None:
    """Look at how it ended, so that asyncio does not complain when the caller is gone."""
    _under_way.discard(ended)
    if not ended.cancelled():
        ended.exception()


def _reason(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    first = str(cause).strip().splitlines()
    return f"the metadata database is not available: {first[0] if first else type(cause).__name__}"

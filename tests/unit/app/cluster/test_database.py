"""The database behind the catalog: addresses, transactions and what counts as being away."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cluster.database import (
    create_engine,
    parse_url,
    settled,
    sqlite_url,
    to_its_end,
    transaction,
)
from app.cluster.errors import CatalogError, DatabaseUnavailable


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """A database with one table of numbers, none of them twice."""
    engine = create_engine(sqlite_url(tmp_path / "a.db"))
    async with transaction(engine, writes=True) as connection:
        await connection.exec_driver_sql("CREATE TABLE t (number INTEGER PRIMARY KEY)")
    yield engine
    await engine.dispose()


async def insert(engine: AsyncEngine, number: int) -> None:
    async with transaction(engine, writes=True) as connection:
        await connection.exec_driver_sql(f"INSERT INTO t VALUES ({number})")


async def numbers(engine: AsyncEngine) -> list[int]:
    async with transaction(engine, writes=False) as connection:
        return [row[0] for row in await connection.exec_driver_sql("SELECT number FROM t")]


async def test_error_of_a_statement_has_none_of_its_parameters(engine: AsyncEngine) -> None:
    with pytest.raises(IntegrityError) as caught:
        async with transaction(engine, writes=True) as connection:
            await connection.execute(text("INSERT INTO t VALUES (:one)"), {"one": "canary"})

    assert "INSERT INTO t" in str(caught.value)
    assert "canary" not in str(caught.value)


def is_of_sqlite(thread: threading.Thread) -> bool:
    return "connection_worker" in thread.name


def join_all_but(earlier: set[threading.Thread]) -> None:
    for thread in filter(is_of_sqlite, set(threading.enumerate()) - earlier):
        thread.join(timeout=10)
        assert not thread.is_alive(), "a connection was left open"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_url_of_any_path_leads_back_to_it(name: str) -> None:
    path = Path("/data") / name

    assert parse_url(sqlite_url(path)).database == str(path)


@pytest.mark.parametrize(
    ("text", "driver"),
    [
        ("sqlite:///a.db", "sqlite+aiosqlite"),
        ("sqlite+pysqlite:///a.db", "sqlite+aiosqlite"),
        ("postgres://h/d", "postgresql+psycopg"),
        ("postgresql://h/d", "postgresql+psycopg"),
        ("postgresql+asyncpg://h/d", "postgresql+psycopg"),
    ],
)
def test_url_gets_the_driver_that_is_used_here(text: str, driver: str) -> None:
    assert parse_url(text).drivername == driver


@given(st.text() | st.text().map("postgresql://u:secret@".__add__))
def test_any_text_is_a_supported_url_or_refused(text: str) -> None:
    try:
        url = parse_url(text)
    except CatalogError:
        return

    assert url.get_backend_name() in ("sqlite", "postgresql")


@pytest.mark.parametrize("text", ["mysql://u:secret@h/d", "://u:secret@h", "u:secret", ""])
def test_refused_url_is_not_repeated_for_it_may_hold_a_password(text: str) -> None:
    with pytest.raises(CatalogError) as refusal:
        parse_url(text)

    assert "--database-url" in str(refusal.value)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("text", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_database_in_memory_is_refused_for_it_would_forget_the_topics(text: str) -> None:
    with pytest.raises(CatalogError, match="needs a file"):
        create_engine(text)


def test_option_that_the_driver_does_not_take_is_refused() -> None:
    with pytest.raises(CatalogError, match="option"):
        create_engine("sqlite:///a.db?timeout=soon")


async def test_connection_commits_to_the_disk_and_holds_foreign_keys(engine: AsyncEngine) -> None:
    async with transaction(engine, writes=False) as connection:
        found = [
            (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar_one()
            for pragma in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert found == ["wal", 2, 1]


async def test_block_that_fails_leaves_nothing_and_its_error_is_its_own(
    engine: AsyncEngine,
) -> None:
    async def insert_and_fail() -> None:
        async with transaction(engine, writes=True) as connection:
            await connection.exec_driver_sql("INSERT INTO t VALUES (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await insert_and_fail()

    assert await numbers(engine) == []


async def test_cancelled_block_leaves_nothing_and_lets_the_next_writer_in(
    engine: AsyncEngine,
) -> None:
    inserted = asyncio.Event()

    async def hang() -> None:
        async with transaction(engine, writes=True) as connection:
            await connection.exec_driver_sql("INSERT INTO t VALUES (1)")
            inserted.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await inserted.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await insert(engine, 2)

    assert await numbers(engine) == [2]


async def test_writers_wait_for_each_other_from_their_beginning(engine: AsyncEngine) -> None:
    async def add_next() -> None:
        async with transaction(engine, writes=True) as connection:
            rows = await connection.exec_driver_sql("SELECT coalesce(max(number), 0) FROM t")
            await asyncio.sleep(0)
            await connection.exec_driver_sql(f"INSERT INTO t VALUES ({rows.scalar_one() + 1})")

    await asyncio.gather(*(add_next() for _ in range(8)))

    assert await numbers(engine) == list(range(1, 9))


async def test_reader_sees_one_state_while_a_writer_commits(engine: AsyncEngine) -> None:
    async with transaction(engine, writes=False) as connection:
        before = (await connection.exec_driver_sql("SELECT count(*) FROM t")).scalar_one()
        await insert(engine, 1)
        after = (await connection.exec_driver_sql("SELECT count(*) FROM t")).scalar_one()

    assert (before, after) == (0, 0)
    assert await numbers(engine) == [1]


async def test_database_locked_by_another_is_unavailable_and_can_be_asked_later(
    engine: AsyncEngine,
) -> None:
    async def insert_without_waiting() -> None:
        async with transaction(engine, writes=False) as connection:
            await connection.exec_driver_sql("PRAGMA busy_timeout=0")
            await connection.exec_driver_sql("INSERT INTO t VALUES (1)")

    async with transaction(engine, writes=True):
        with pytest.raises(DatabaseUnavailable, match="locked"):
            await insert_without_waiting()

    await insert(engine, 2)
    assert await numbers(engine) == [2]


@pytest.mark.parametrize("others", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE", "BEGIN"])
async def test_first_connection_waits_for_others_that_use_the_new_file(
    tmp_path: Path, others: str
) -> None:
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("CREATE TABLE t (number INTEGER PRIMARY KEY)")
    other.execute(others)
    other.execute("SELECT number FROM t").fetchall()
    engine = create_engine(sqlite_url(tmp_path / "a.db"))
    inserting = asyncio.create_task(insert(engine, 1))

    await asyncio.sleep(0.03)
    other.execute("COMMIT")
    await inserting

    assert await numbers(engine) == [1]
    other.close()
    await engine.dispose()


async def test_broken_rule_of_a_table_is_not_a_database_that_is_away(engine: AsyncEngine) -> None:
    await insert(engine, 1)

    with pytest.raises(IntegrityError):
        await insert(engine, 1)


async def test_database_in_a_missing_directory_is_unavailable_and_leaves_no_thread(
    tmp_path: Path,
) -> None:
    threads = set(threading.enumerate())
    engine = create_engine(sqlite_url(tmp_path / "none" / "a.db"))

    with pytest.raises(DatabaseUnavailable, match="unable to open"):
        await numbers(engine)

    assert [one for one in threading.enumerate() if is_of_sqlite(one) and one not in threads] == []


async def test_connection_that_is_not_waited_for_leaves_no_thread(tmp_path: Path) -> None:
    threads = set(threading.enumerate())
    engine = create_engine(sqlite_url(tmp_path / "a.db"))
    connecting = asyncio.create_task(numbers(engine))
    while not any(is_of_sqlite(one) for one in set(threading.enumerate()) - threads):
        await asyncio.sleep(0)

    connecting.cancel()
    await asyncio.gather(connecting, return_exceptions=True)
    await engine.dispose()

    assert connecting.cancelled()
    await asyncio.to_thread(join_all_but, threads)


async def test_file_that_is_no_database_is_unavailable_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("milk, bread, butter\n" * 100)
    threads = set(threading.enumerate())
    engine = create_engine(sqlite_url(file))

    with pytest.raises(DatabaseUnavailable, match="not a database"):
        await numbers(engine)

    assert file.read_text() == "milk, bread, butter\n" * 100
    await asyncio.to_thread(join_all_but, threads)


async def test_operation_goes_on_when_its_caller_is_cancelled_and_leaves_no_lock(
    engine: AsyncEngine,
) -> None:
    whole = to_its_end(insert)
    for number in range(120):
        callers = [asyncio.create_task(whole(engine, 2 * number + one)) for one in range(2)]
        for _ in range(number % 40):
            await asyncio.sleep(0)
        await asyncio.sleep(number % 11 * 0.0003)
        callers[0].cancel()
        _, other = await asyncio.gather(*callers, return_exceptions=True)
        assert not isinstance(other, BaseException)

    async with asyncio.timeout(20):
        await insert(engine, 1_000)


async def test_operations_whose_callers_are_gone_have_ended_when_all_is_settled(
    engine: AsyncEngine,
) -> None:
    whole = to_its_end(insert)
    for number in range(20):
        caller = asyncio.create_task(whole(engine, number))
        for _ in range(number):
            await asyncio.sleep(0)
        caller.cancel()

        await settled()

        checked_out = engine.pool.checkedout()  # type: ignore[attr-defined] # of this pool
        assert checked_out == 0
    await settled()


async def test_operation_that_fails_says_so_to_its_caller(engine: AsyncEngine) -> None:
    whole = to_its_end(insert)
    await whole(engine, 1)

    with pytest.raises(IntegrityError):
        await whole(engine, 1)


async def test_only_the_owner_reads_a_new_file_and_its_journals(engine: AsyncEngine) -> None:
    await insert(engine, 1)

    directory = Path(str(engine.url.database)).parent
    modes = {path.name: path.stat().st_mode & 0o777 for path in directory.glob("a.db*")}
    assert modes == dict.fromkeys(("a.db", "a.db-wal", "a.db-shm"), 0o600)


async def test_a_file_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.touch()
    path.chmod(0o640)
    engine = create_engine(sqlite_url(path))

    async with transaction(engine, writes=False) as connection:
        await connection.exec_driver_sql("SELECT 1")

    assert path.stat().st_mode & 0o777 == 0o640
    await engine.dispose()

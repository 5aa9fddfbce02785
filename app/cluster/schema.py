"""Brings the database's tables to the version of this code, by Alembic.

Two nodes that start at once do not migrate at once: the second waits for the first one's lock
and finds nothing left to do. A database of a newer version is refused, not touched. A database
that is up to date is only looked at, without Alembic, whose imports are a tenth of a start.
"""

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cluster.database import transaction

HEAD = "0006"
"""The newest revision of ``migrations/versions``; a test holds it against them."""


async def migrate(engine: AsyncEngine, revision: str = HEAD) -> None:
    """Bring the tables to a revision.

    Raises:
        DatabaseTooNew: The database has a revision that this code does not know.
        DatabaseUnavailable: It cannot be asked.
    """
    async with transaction(engine, writes=False) as connection:
        present = await connection.run_sync(_present)
    if present == revision:
        return
    from app.cluster.alembic_upgrade import upgrade  # noqa: PLC0415 - see above

    async with transaction(engine, writes=True) as connection:
        await connection.run_sync(lambda sync: upgrade(sync, revision))


def _present(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found

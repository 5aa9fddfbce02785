"""Brings the database's tables to the version of this code, by Alembic.

Two nodes that start at once do not migrate at once: the second waits for the first one's lock
and finds nothing left to do. A database of a newer version is refused, not touched.
"""

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cluster.database import transaction
from app.cluster.errors import DatabaseTooNew

_ADVISORY_LOCK = 0x0CA0CE
"""Any number, the same on every node."""


def alembic_config() -> Config:
    """Return a configuration that finds the migrations wherever they are installed."""
    config = Config()
    config.set_main_option("script_location", "migrations:")
    config.set_main_option("path_separator", "os")
    return config


async def migrate(engine: AsyncEngine, revision: str = "head") -> None:
    """Bring the tables to a revision.

    Raises:
        DatabaseTooNew: The database has a revision that this code does not know.
        DatabaseUnavailable: It cannot be asked.
    """
    async with transaction(engine, writes=True) as connection:
        await connection.run_sync(lambda sync: _upgrade(sync, revision))


def _upgrade(connection: Connection, revision: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
    config = alembic_config()
    scripts = ScriptDirectory.from_config(config)
    present = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if present is not None and present not in known:
        raise DatabaseTooNew(
            f"the metadata database has revision {present}, which this version does not know; "
            "run the version that migrated it, or a newer one"
        )

    def steps(current: object, _context: object) -> object:
        return scripts._upgrade_revs(revision, current)  # type: ignore[arg-type] # noqa: SLF001 - what alembic.command.upgrade passes

    with EnvironmentContext(config, scripts, fn=steps) as environment:
        environment.configure(connection=connection, render_as_batch=True)
        environment.run_migrations()

"""What Alembic does with the tables. ``app.cluster.schema`` imports it only when it has work."""

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.cluster.errors import DatabaseTooNew

_ADVISORY_LOCK = 0x0CA0CE
"""Any number, the same on every node."""


def alembic_config() -> Config:
    """Return a configuration that finds the migrations wherever they are installed."""
    config = Config()
    config.set_main_option("script_location", "migrations:")
    config.set_main_option("path_separator", "os")
    return config


def upgrade(connection: Connection, revision: str) -> None:
    """Bring the tables to a revision, in the connection's transaction.

    Raises:
        DatabaseTooNew: The database has a revision that this code does not know.
    """
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

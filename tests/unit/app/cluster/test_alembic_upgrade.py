"""The migrations as Alembic sees them."""

from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from app.cluster.alembic_upgrade import alembic_config, upgrade
from app.cluster.schema import HEAD


def test_migrations_are_one_line_without_branches() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    revisions = list(scripts.walk_revisions())

    assert scripts.get_heads() == [HEAD]
    assert len(scripts.get_bases()) == 1
    assert all(isinstance(one.down_revision, str | None) for one in revisions)


def test_tables_are_brought_to_the_revision_asked_for_and_on_from_there() -> None:
    with create_engine("sqlite://").begin() as connection:
        upgrade(connection, "0004")
        assert not inspect(connection).has_table("users")

        upgrade(connection, HEAD)

        assert inspect(connection).has_table("users")

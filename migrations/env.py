"""Alembic's environment for the command line; the server migrates by app.cluster.schema."""

from alembic import context

from app.cluster.security_tables import metadata

connection = context.config.attributes.get("connection")
if connection is not None:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()

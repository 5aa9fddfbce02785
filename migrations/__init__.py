"""Alembic migrations of the cluster metadata."""

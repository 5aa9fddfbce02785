"""The store in SQL: SQLite or PostgreSQL, in the database that the server has already."""

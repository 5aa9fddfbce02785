"""Files: a schema and all that it imports, and what their names stand for."""

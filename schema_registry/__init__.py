"""Subjects, versions, ids and compatibility of schemas. Knows nothing of topics."""

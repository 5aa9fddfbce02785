"""Kafka's record batch format v2 (magic 2): bytes in, bytes out; no files, no clock."""

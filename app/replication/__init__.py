"""Partitions and their replicas: who holds which log, and up to where it is safe to read."""

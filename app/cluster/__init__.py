"""Cluster metadata in SQL, and the immutable image of it that every node works from."""

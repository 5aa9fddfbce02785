"""Cleanup: what of a log may go, by age, by size, or because later records replace it."""

"""Compatibility: may data written with one schema be read with another; pure functions."""

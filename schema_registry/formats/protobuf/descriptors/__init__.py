"""Descriptors: made from syntax trees, with their options."""

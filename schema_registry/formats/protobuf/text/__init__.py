"""Texts: from characters to a syntax tree, and from a tree to the canonical text."""

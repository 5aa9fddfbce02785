"""Tokens: those issued here, and those of an identity provider."""

"""Producers: what one log remembers of idempotent and transactional producers."""

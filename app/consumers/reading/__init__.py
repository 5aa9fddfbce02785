"""How a session reads: where it stands, what a poll hands out, what is committed."""

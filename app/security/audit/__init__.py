"""The audit log: who did, or tried to do, what to what, from where, and what decided it."""

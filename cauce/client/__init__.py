"""The client: what REST v3 offers, as Python calls."""

"""The edge of the HTTP door: addresses as clients see them, other origins, compressed answers."""

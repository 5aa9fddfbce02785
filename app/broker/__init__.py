"""The verbs: what a client may ask of the broker, one module each, the same for every door."""

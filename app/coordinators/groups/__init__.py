"""Consumer groups: pure decisions (membership, assignors, offsets) and the shell around them."""

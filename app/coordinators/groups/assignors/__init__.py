"""Client-side assignors for consumers that live on the server: who of a group reads what."""

"""REST v3: Confluent's resource-oriented dialect, and Cauce's own consume."""

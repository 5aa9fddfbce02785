"""The door for Kafka's binary protocol: bytes in, verbs asked, bytes out."""

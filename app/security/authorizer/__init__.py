"""Decides by access control lists: Kafka's rules over an immutable set of them."""

"""Logging in at the door of Kafka's protocol."""

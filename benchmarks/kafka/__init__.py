"""The Kafka door beside Apache Kafka: the same clients, the same loads, the same run."""

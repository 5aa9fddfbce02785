"""Who may come in, who may do what, and how much, over the Kafka protocol."""

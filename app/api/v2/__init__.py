"""REST v2: the dialect that Confluent, Karapace, Strimzi and Redpanda share."""

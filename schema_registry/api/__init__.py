"""The registry's door: REST, in the words of Confluent's API."""

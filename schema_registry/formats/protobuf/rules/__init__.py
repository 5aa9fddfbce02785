"""Rules that protoc has for schemas, beside those of the descriptor pool."""

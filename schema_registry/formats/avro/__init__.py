"""Avro: types, parser, printers, checks of defaults, and the codec of values."""

"""Filters of records in CEL: the language and its bounds, what is decoded for one, running it."""

"""Segments: the files of one log, their indexes, and where in them an offset or a time lies."""

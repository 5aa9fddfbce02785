"""Records on the command line: lines in, and text out."""

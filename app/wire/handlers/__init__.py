"""What answers each API: parse nothing, decide nothing, ask one verb, word its answer."""

"""What a JSON Schema may cost, each bound with a name.

Called by: the modules of this package, and the comparison of two schemas.
"""

JSON_DEPTH_MAX = 200
"""Levels of arrays and objects in a text; jsonschema-rs itself takes 255."""

NUMBER_DIGITS_MAX = 400
"""Digits of a number in a text, its exponent counted in: ``1e400`` has as many as it would be
written out."""

SUBSCHEMAS_MAX = 50_000
"""Subschemas of a schema, those of its references counted in."""

EXPANSION_MAX = 50_000
"""Subschemas that one place of a value may be held against, by way of references and combinations;
a reference counts each time it is followed."""

PATTERN_BACKTRACKS_MAX = 100_000
"""Steps back of the regular expression engine before it gives a value up."""

PATTERN_BYTES_MAX = 1_000_000
"""Size of one compiled regular expression."""

PATTERNS_KEPT_MAX = 1_000
"""Compiled regular expressions that comparisons keep."""

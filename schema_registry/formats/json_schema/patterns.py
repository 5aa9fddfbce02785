"""Regular expressions of schemas, which must not hang whatever they are.

The engine is that of jsonschema-rs, read as ECMA-262: linear where an expression allows it, and
else bound to ``PATTERN_BACKTRACKS_MAX`` steps back, after which a text counts as not matching.
Called by: validation, faults, the comparison of objects. Calls: jsonschema-rs.
"""

from functools import lru_cache
from typing import Any, Final

import jsonschema_rs

from schema_registry.formats.json_schema.limits import (
    PATTERN_BACKTRACKS_MAX,
    PATTERN_BYTES_MAX,
    PATTERNS_KEPT_MAX,
)

PATTERN_OPTIONS: Final = jsonschema_rs.FancyRegexOptions(
    backtrack_limit=PATTERN_BACKTRACKS_MAX, size_limit=PATTERN_BYTES_MAX
)


def pattern_finds(expression: str, text: str) -> bool:
    """Return whether a regular expression of a schema matches somewhere in a text.

    One that the engine refuses, in a schema that was registered unchecked, matches nothing.
    """
    pattern = _pattern(expression)
    return pattern is not None and bool(pattern.is_valid(text))


@lru_cache(maxsize=PATTERNS_KEPT_MAX)
def _pattern(expression: str) -> Any:
    try:
        return jsonschema_rs.Draft7Validator(
            {"pattern": expression}, pattern_options=PATTERN_OPTIONS, offline=True
        )
    except jsonschema_rs.ValidationError:
        return None

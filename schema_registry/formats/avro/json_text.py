"""Schemas' JSON: read with bounds, written as Java's printers write it.

Duplicate keys: the last one counts. Comments are taken, as Avro's own parsers do.
"""

import json
import re
from typing import Any, NoReturn

from schema_registry.errors import BoundExceeded, InvalidSchema
from schema_registry.formats.schema_format import SCHEMA_TEXT_BYTES_MAX

_TEXT_OR_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)


def parse_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        InvalidSchema: It is none.
        BoundExceeded: Longer, or deeper nested, than is read.
    """
    if len(text) > SCHEMA_TEXT_BYTES_MAX or len(text.encode(errors="replace")) > (
        SCHEMA_TEXT_BYTES_MAX
    ):
        raise BoundExceeded("", f"a schema has at most {SCHEMA_TEXT_BYTES_MAX} bytes")
    try:
        return _load(text)
    except InvalidSchema:
        if "/*" not in text and "//" not in text:
            raise
        return _load(_TEXT_OR_COMMENT.sub(_keep_text, text))


def dump_json(value: Any) -> str:
    """Return a value as compact JSON, keys in their order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _load(text: str) -> Any:
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(found, ensure_ascii=False, check_circular=False, allow_nan=False).encode()
    except json.JSONDecodeError as error:
        where = f"{error.lineno}:{error.colno}"
        raise InvalidSchema(where, f"not JSON: {error.msg}") from None
    except RecursionError:
        raise BoundExceeded("", "the JSON is nested too deeply") from None
    except UnicodeEncodeError:
        raise InvalidSchema("", "not JSON: half a surrogate pair") from None
    except ValueError as error:  # a number with more digits than are read, or beyond a double
        raise InvalidSchema("", f"not JSON: {error}") from None
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _keep_text(match: re.Match[str]) -> str:
    found = match.group()
    return found if found.startswith('"') else " "

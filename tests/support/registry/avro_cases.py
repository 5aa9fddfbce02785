"""Avro's rules of resolution as cases: reader, writer, and the kinds of what is wrong.

The source of each verdict is the rule of the Avro specification 1.12, "Schema Resolution", that is
named, or, where that leaves it open, what Avro Java's ``SchemaCompatibility`` does ("Java").
"""

from typing import Any, NamedTuple

INT, LONG, FLOAT, DOUBLE = "int", "long", "float", "double"
MISMATCH = "TYPE_MISMATCH"
BRANCH = "MISSING_UNION_BRANCH"
DEFAULT = "READER_FIELD_MISSING_DEFAULT_VALUE"
SYMBOLS = "MISSING_ENUM_SYMBOLS"
NAME = "NAME_MISMATCH"
SIZE = "FIXED_SIZE_MISMATCH"
AMBIGUOUS = "READER_FIELD_AMBIGUOUS"


class Case(NamedTuple):
    """One case; no kinds mean that it fits."""

    name: str
    reader: Any
    writer: Any
    kinds: tuple[str, ...]
    source: str


def record(name: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a record."""
    return {"type": "record", "name": name, "fields": list(fields), **more}


def field(name: str, type_: Any = INT, **more: Any) -> dict[str, Any]:
    """Return a field."""
    return {"name": name, "type": type_, **more}


def enum(name: str, symbols: str, **more: Any) -> dict[str, Any]:
    """Return an enum whose symbols are letters."""
    return {"type": "enum", "name": name, "symbols": list(symbols), **more}


def fixed(name: str, size: int, **more: Any) -> dict[str, Any]:
    """Return a fixed."""
    return {"type": "fixed", "name": name, "size": size, **more}


def array(items: Any) -> dict[str, Any]:
    """Return an array."""
    return {"type": "array", "items": items}


def map_(values: Any) -> dict[str, Any]:
    """Return a map."""
    return {"type": "map", "values": values}


def logical(kind: str, name: str, **more: Any) -> dict[str, Any]:
    """Return a logical type."""
    return {"type": kind, "logicalType": name, **more}


_PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
_PROMOTIONS = {
    ("long", "int"),
    ("float", "int"),
    ("double", "int"),
    ("float", "long"),
    ("double", "long"),
    ("double", "float"),
    ("bytes", "string"),
    ("string", "bytes"),
}
_SAME = "both are of the same primitive type"
_PROMOTED = "the writer's type may be promoted"
PRIMITIVE_CASES = [
    Case(
        f"{reader} reads {writer}",
        reader,
        writer,
        () if reader == writer or (reader, writer) in _PROMOTIONS else (MISMATCH,),
        _SAME if reader == writer else _PROMOTED,
    )
    for reader in _PRIMITIVES
    for writer in _PRIMITIVES
]

A1 = record("R", field("a"))
NODE = record("Node", field("v"), field("next", ["null", "Node"], default=None))
DEEP_NODE = record(
    "Node", field("v", LONG), field("w", default=0), field("next", ["null", "Node"], default=None)
)
BROKEN_NODE = record("Node", field("v", "string"), field("next", ["null", "Node"], default=None))

_RECORDS = "records: names match; fields by name; missing ones need a default"
_ALIASES = "aliases: the reader's names for what the writer wrote"
_UNIONS_W = "the writer's is a union: its branch is resolved against the reader's schema"
_UNIONS_R = "the reader's is a union: the first branch that matches"
_ENUMS = "enums: names match; a symbol that the reader lacks needs an enum default"
_FIXED = "fixed: names and sizes match"
_PARTS = "arrays and maps: item types match"
_LOGICAL = "Java: logical types are not looked at"

RECORD_CASES = [
    Case("the same record", A1, A1, (), _RECORDS),
    Case("field removed", record("R"), A1, (), _RECORDS),
    Case(
        "field added without default", record("R", field("a"), field("b")), A1, (DEFAULT,), _RECORDS
    ),
    Case(
        "field added with default", record("R", field("a"), field("b", default=1)), A1, (), _RECORDS
    ),
    Case(
        "nullable field added without default",
        record("R", field("a"), field("b", ["null", INT])),
        A1,
        (DEFAULT,),
        _RECORDS,
    ),
    Case(
        "nullable field added with default",
        record("R", field("a"), field("b", ["null", INT], default=None)),
        A1,
        (),
        _RECORDS,
    ),
    Case("two fields added", record("R", field("b"), field("c")), A1, (DEFAULT, DEFAULT), _RECORDS),
    Case("field promoted", record("R", field("a", LONG)), A1, (), _PROMOTED),
    Case("field narrowed", A1, record("R", field("a", LONG)), (MISMATCH,), _PROMOTED),
    Case("field changed type", record("R", field("a", "string")), A1, (MISMATCH,), _RECORDS),
    Case(
        "fields reordered",
        record("R", field("a"), field("b")),
        record("R", field("b"), field("a")),
        (),
        _RECORDS,
    ),
    Case("field renamed", record("R", field("b")), A1, (DEFAULT,), _RECORDS),
    Case("field renamed with alias", record("R", field("b", aliases=["a"])), A1, (), _ALIASES),
    Case(
        "field renamed with alias of another type",
        record("R", field("b", "string", aliases=["a"])),
        A1,
        (MISMATCH,),
        _ALIASES,
    ),
    Case(
        "the alias is only the writer's",
        A1,
        record("R", field("b", aliases=["a"])),
        (DEFAULT,),
        "aliases: a reader may use them; the writer's do not count",
    ),
    Case(
        "a field and its alias are both written",
        record("R", field("a", aliases=["b"])),
        record("R", field("a"), field("b")),
        (AMBIGUOUS,),
        "Java: a reader's field that matches several fields is an error",
    ),
    Case("record renamed", record("S", field("a")), A1, (NAME,), _RECORDS),
    Case("record renamed with alias", record("S", field("a"), aliases=["R"]), A1, (), _ALIASES),
    Case(
        "record of another namespace",
        record("R", field("a"), namespace="x"),
        record("R", field("a"), namespace="y"),
        (),
        "records match by their unqualified names",
    ),
    Case(
        "alias with a namespace",
        record("S", field("a"), namespace="x", aliases=["y.R"]),
        record("R", field("a"), namespace="y"),
        (),
        _ALIASES,
    ),
    Case(
        "alias without a dot is in the reader's namespace",
        record("S", field("a"), namespace="x", aliases=["R"]),
        record("R", field("a"), namespace="x"),
        (),
        "names: an alias is relative to the namespace of the name it is for",
    ),
    Case(
        "alias of another namespace",
        record("S", field("a"), namespace="x", aliases=["R"]),
        record("R", field("a"), namespace="y"),
        (NAME,),
        "names: an alias is relative to the namespace of the name it is for",
    ),
    Case(
        "doc, order and properties",
        record("R", field("a", doc="d", order="ignore", p=1), doc="d"),
        A1,
        (),
        _RECORDS,
    ),
    Case(
        "default changed",
        record("R", field("a", default=1)),
        record("R", field("a", default=2)),
        (),
        _RECORDS,
    ),
    Case(
        "default removed from a field that is written",
        A1,
        record("R", field("a", default=2)),
        (),
        _RECORDS,
    ),
    Case("record reads primitive", A1, INT, (MISMATCH,), "to match, both are records"),
    Case("primitive reads record", INT, A1, (MISMATCH,), "to match, both are records"),
    Case(
        "inner record changed",
        record("R", field("a", record("I", field("x"), field("y")))),
        record("R", field("a", record("I", field("x")))),
        (DEFAULT,),
        _RECORDS,
    ),
    Case(
        "inner record renamed",
        record("R", field("a", record("J", field("x")))),
        record("R", field("a", record("I", field("x")))),
        (NAME,),
        _RECORDS,
    ),
    Case(
        "a type mentioned twice is wrong in both places, and said of each",
        record("R", field("a", record("I", field("x", "string"))), field("b", "I")),
        record("R", field("a", record("I", field("x"))), field("b", "I")),
        (MISMATCH, MISMATCH),
        _RECORDS,
    ),
    Case("error reads record", {**A1, "type": "error"}, A1, (), "Java: an error is a record"),
    Case("record without fields", record("R"), record("R"), (), _RECORDS),
    Case(
        "enum field added with an enum default alone",
        record("R", field("a"), field("e", enum("E", "AB", default="A"))),
        A1,
        (MISMATCH,),
        "Java: an enum's default is for symbols, not for fields",
    ),
    Case(
        "enum field added with a field default",
        record("R", field("a"), field("e", enum("E", "AB"), default="A")),
        A1,
        (),
        _RECORDS,
    ),
    Case("recursive record", NODE, NODE, (), "Java: a pair in progress fits"),
    Case("recursive record evolves", DEEP_NODE, NODE, (), _RECORDS),
    Case("recursive record breaks", BROKEN_NODE, NODE, (MISMATCH,), _RECORDS),
]

ENUM_CASES = [
    Case("the same enum", enum("E", "AB"), enum("E", "AB"), (), _ENUMS),
    Case("symbol added", enum("E", "ABC"), enum("E", "AB"), (), _ENUMS),
    Case("symbol removed", enum("E", "A"), enum("E", "AB"), (SYMBOLS,), _ENUMS),
    Case("symbol removed, enum default", enum("E", "A", default="A"), enum("E", "AB"), (), _ENUMS),
    Case(
        "default only the writer's",
        enum("E", "A"),
        enum("E", "AB", default="B"),
        (SYMBOLS,),
        _ENUMS,
    ),
    Case("symbols reordered", enum("E", "BA"), enum("E", "AB"), (), _ENUMS),
    Case("enum renamed", enum("F", "AB"), enum("E", "AB"), (NAME,), _ENUMS),
    Case("enum renamed with alias", enum("F", "AB", aliases=["E"]), enum("E", "AB"), (), _ALIASES),
    Case("enum renamed and smaller", enum("F", "A"), enum("E", "AB"), (NAME, SYMBOLS), _ENUMS),
    Case("string reads enum", "string", enum("E", "AB"), (MISMATCH,), "an enum is not promoted"),
    Case("enum reads string", enum("E", "AB"), "string", (MISMATCH,), "an enum is not promoted"),
    Case(
        "a field default does not stand in for a symbol",
        record("R", field("e", enum("E", "A"), default="A")),
        record("R", field("e", enum("E", "AB"))),
        (SYMBOLS,),
        _ENUMS,
    ),
]

FIXED_CASES = [
    Case("the same fixed", fixed("F", 4), fixed("F", 4), (), _FIXED),
    Case("size changed", fixed("F", 8), fixed("F", 4), (SIZE,), _FIXED),
    Case("fixed renamed", fixed("G", 4), fixed("F", 4), (NAME,), _FIXED),
    Case("fixed renamed with alias", fixed("G", 4, aliases=["F"]), fixed("F", 4), (), _ALIASES),
    Case("fixed of another namespace", fixed("x.F", 4), fixed("y.F", 4), (), _FIXED),
    Case("bytes read fixed", "bytes", fixed("F", 4), (MISMATCH,), "fixed is not promoted"),
    Case("fixed reads bytes", fixed("F", 4), "bytes", (MISMATCH,), "fixed is not promoted"),
]

PART_CASES = [
    Case("the same array", array(INT), array(INT), (), _PARTS),
    Case("array promoted", array(LONG), array(INT), (), _PARTS),
    Case("array narrowed", array(INT), array(LONG), (MISMATCH,), _PARTS),
    Case("array of unions", array(["null", INT]), array(INT), (), _PARTS),
    Case("the same map", map_(INT), map_(INT), (), _PARTS),
    Case("map promoted", map_(DOUBLE), map_(FLOAT), (), _PARTS),
    Case("map narrowed", map_(FLOAT), map_(DOUBLE), (MISMATCH,), _PARTS),
    Case("array reads map", array(INT), map_(INT), (MISMATCH,), _PARTS),
    Case("map reads array", map_(INT), array(INT), (MISMATCH,), _PARTS),
    Case("array reads its item", array(INT), INT, (MISMATCH,), _PARTS),
    Case(
        "array of records evolves",
        array(record("R", field("a"), field("b", default=1))),
        array(A1),
        (),
        _PARTS,
    ),
    Case("array of records breaks", array(record("R", field("b"))), array(A1), (DEFAULT,), _PARTS),
]

UNION_CASES = [
    Case("made nullable", ["null", INT], INT, (), _UNIONS_R),
    Case("no longer nullable", INT, ["null", INT], (MISMATCH,), _UNIONS_W),
    Case("the same union", ["null", INT], ["null", INT], (), _UNIONS_W),
    Case("branches reordered", [INT, "null"], ["null", INT], (), _UNIONS_W),
    Case("branch added", ["null", INT, "string"], ["null", INT], (), _UNIONS_W),
    Case("branch removed", ["null", INT], ["null", INT, "string"], (BRANCH,), _UNIONS_W),
    Case("two branches removed", ["null"], ["null", INT, "string"], (BRANCH, BRANCH), _UNIONS_W),
    Case("branch promoted", ["null", LONG], ["null", INT], (), _UNIONS_W),
    Case("branch narrowed", ["null", INT], ["null", LONG], (BRANCH,), _UNIONS_W),
    Case("union of one reads its type", [INT], INT, (), _UNIONS_R),
    Case("type reads union of one", INT, [INT], (), _UNIONS_W),
    Case("type reads union of promotable types", DOUBLE, [INT, FLOAT, LONG], (), _UNIONS_W),
    Case("type reads union of others", INT, [INT, "string"], (MISMATCH,), _UNIONS_W),
    Case("string reads union of text", "string", ["string", "bytes"], (), _UNIONS_W),
    Case("no branch fits", ["null", "string"], INT, (BRANCH,), _UNIONS_R),
    Case("empty writer's union", INT, [], (), "Java: all of no branches are read"),
    Case("empty reader's union", [], INT, (BRANCH,), _UNIONS_R),
    Case(
        "union of records, one evolves",
        [record("R", field("a"), field("b", default=0)), record("S")],
        [A1, record("S")],
        (),
        _UNIONS_R,
    ),
    Case(
        "union of records, one breaks",
        [record("R", field("b")), record("S")],
        [A1, record("S")],
        (BRANCH,),
        _UNIONS_R,
    ),
    Case(
        "union of records, one renamed",
        [record("T", field("a")), record("S")],
        [A1, record("S")],
        (BRANCH,),
        _UNIONS_R,
    ),
    Case(
        "union of records of two namespaces",
        [record("x.R", field("a", "string")), record("y.R", field("a"))],
        record("z.R", field("a")),
        (),
        "Java: the first branch that reads it, by unqualified name",
    ),
    Case(
        "enum in a union shrinks",
        ["null", enum("E", "A")],
        ["null", enum("E", "AB")],
        (BRANCH,),
        _UNIONS_R,
    ),
    Case(
        "enum in a union shrinks, default",
        ["null", enum("E", "A", default="A")],
        ["null", enum("E", "AB")],
        (),
        _UNIONS_R,
    ),
]

LOGICAL_CASES = [
    Case(
        "decimal of another scale",
        logical("bytes", "decimal", precision=10, scale=4),
        logical("bytes", "decimal", precision=4, scale=2),
        (),
        _LOGICAL,
    ),
    Case("timestamp reads long", logical(LONG, "timestamp-millis"), LONG, (), _LOGICAL),
    Case("long reads timestamp", LONG, logical(LONG, "timestamp-micros"), (), _LOGICAL),
    Case(
        "micros read millis",
        logical(LONG, "timestamp-micros"),
        logical(LONG, "timestamp-millis"),
        (),
        _LOGICAL,
    ),
    Case("timestamp reads int", logical(LONG, "timestamp-millis"), INT, (), _PROMOTED),
    Case("date reads long", logical(INT, "date"), LONG, (MISMATCH,), _PROMOTED),
    Case("uuid reads string", logical("string", "uuid"), "string", (), _LOGICAL),
    Case("an unknown logical type", logical("string", "phone-number"), "string", (), _LOGICAL),
]

CASES = [
    *PRIMITIVE_CASES,
    *RECORD_CASES,
    *ENUM_CASES,
    *FIXED_CASES,
    *PART_CASES,
    *UNION_CASES,
    *LOGICAL_CASES,
]

"""Small texts, good and bad: a file for each syntax, a text a line.

The first line of a file stands before each of its texts; ``⏎`` is the end of a line.
"""

from pathlib import Path

from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.protobuf_format import ProtobufFormat

FOLDER = Path(__file__).parent

WORDS = ["message", "enum", "oneof", "map", "group", "extend", "extensions", "reserved", "option"]
WORDS += ["optional", "required", "repeated", "package", "import", "public", "service", "rpc"]
WORDS += ["returns", "stream", "to", "max", "syntax", "edition", "default", "json_name", "int32"]
WORDS += ["string", "bytes", "M", "N", "a", "b", "E", "A", "true", "inf", "google.protobuf.Any"]
SYMBOLS = ["{", "}", "[", "]", "(", ")", "<", ">", ";", ",", "=", ".", "-", ":", "/", "\n"]
VALUES = ["0", "1", "2", "536870911", "2147483648", "1.5", '"proto3"', '"proto2"', "'x'", '"2023"']


def hand_made_texts() -> list[str]:
    """Return all texts."""
    texts = ["\ufeffsyntax = 'proto3';", "syntax = 'proto3'; \x01"]
    for path in sorted(FOLDER.glob("*.txt")):
        before, *lines = path.read_text().replace("⏎", "\r").split("\n")[:-1]
        texts += [(before + line).replace("\r", "\n") for line in lines]
    return list(dict.fromkeys(texts))


def parse_or_refuse(text: str) -> bool:
    """Parse a text; whatever is no refusal is a fault. A schema's text has to be one, too."""
    try:
        schema = ProtobufFormat().parse(text)
    except InvalidSchema:
        return False
    assert ProtobufFormat().parse(schema.canonical()).canonical() == schema.canonical()
    assert ProtobufFormat().parse(schema.normalized()).normalized() == schema.normalized()
    ProtobufFormat().parse(schema.formatted("serialized"))
    return True

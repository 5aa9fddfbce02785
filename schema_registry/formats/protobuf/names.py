"""Names that follow from other names, as protoc makes them.

Source: descriptor.proto and protobuf.dev, "JSON Mapping" and "Maps".
"""


def json_name(name: str) -> str:
    """Return the JSON name that a field has unless it says otherwise: ``a_b`` gives ``aB``."""
    first, *others = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)


def camel_case(name: str) -> str:
    """Return a name with its first letter and those behind underscores in upper case."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def map_entry_name(field: str) -> str:
    """Return the name of the message that stands for an entry of a map field."""
    return camel_case(field) + "Entry"

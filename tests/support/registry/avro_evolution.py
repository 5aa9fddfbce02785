"""Random Avro schemas, what may become of them, and values of them."""

import copy
from random import Random
from typing import Any

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
DEFAULTS: dict[str, Any] = {
    "null": None,
    "boolean": False,
    "int": 7,
    "long": 8,
    "float": 0.5,
    "double": 0.25,
    "bytes": "\u00ff",
    "string": "d",
}


class Schemas:
    """Makes schemas; every name is given once."""

    def __init__(self, random: Random) -> None:
        """Take a source of chance, so that a run can be repeated."""
        self.random = random
        self._names = 0

    def schema(self, depth: int = 3) -> Any:
        """Return a schema."""
        kinds = ["primitive"] if depth == 0 else ["primitive", "record", "record", "union", "array"]
        kinds += ["enum", "fixed"] + (["map"] if depth else [])
        match self.random.choice(kinds):
            case "primitive":
                return self.random.choice(PRIMITIVES)
            case "record":
                fields = [
                    self.field(f"f{number}", depth - 1)
                    for number in range(self.random.randint(0, 4))
                ]
                return {"type": "record", "name": self._name("R"), "fields": fields}
            case "union":
                return self.union(depth - 1)
            case "array":
                return {"type": "array", "items": self.schema(depth - 1)}
            case "map":
                return {"type": "map", "values": self.schema(depth - 1)}
            case "enum":
                symbols = [f"S{number}" for number in range(self.random.randint(1, 4))]
                return {"type": "enum", "name": self._name("E"), "symbols": symbols}
            case _:
                return {"type": "fixed", "name": self._name("F"), "size": self.random.randint(0, 3)}

    def field(self, name: str, depth: int) -> dict[str, Any]:
        """Return a field."""
        made: dict[str, Any] = {"name": name, "type": self.schema(depth)}
        if isinstance(made["type"], str) and self.random.random() < 0.4:
            made["default"] = DEFAULTS[made["type"]]
        return made

    def union(self, depth: int) -> list[Any]:
        """Return a union of up to four types."""
        branches: dict[str, Any] = {}
        for _ in range(self.random.randint(1, 4)):
            branch = self.schema(depth)
            if not isinstance(branch, list):
                named = isinstance(branch, dict) and "name" in branch
                key = (
                    branch["name"]
                    if named
                    else branch
                    if isinstance(branch, str)
                    else branch["type"]
                )
                branches.setdefault(key, branch)
        return list(branches.values()) or ["null"]

    def evolved(self, schema: Any) -> Any:
        """Return a schema after a few changes, harmless ones and others."""
        changed = copy.deepcopy(schema)
        for _ in range(self.random.randint(0, 3)):
            changed = self._change(changed)
        return changed

    def _change(self, schema: Any) -> Any:
        random = self.random
        if random.random() < 0.1:
            return (
                schema
                if isinstance(schema, list)
                else ["null", schema]
                if schema != "null"
                else schema
            )
        if isinstance(schema, str):
            promoted = {"int": "long", "long": "double", "float": "double", "string": "bytes"}
            return (
                promoted.get(schema, schema) if random.random() < 0.8 else random.choice(PRIMITIVES)
            )
        if isinstance(schema, list):
            return self._change_union(schema)
        match schema["type"]:
            case "array":
                schema["items"] = self._change(schema["items"])
            case "map":
                schema["values"] = self._change(schema["values"])
            case "enum":
                self._change_enum(schema)
            case "fixed":
                schema["size"] += random.choice((0, 0, 1))
            case "record":
                self._change_record(schema)
        return schema

    def _change_union(self, schema: list[Any]) -> list[Any]:
        position = self.random.randrange(len(schema))
        match self.random.choice(("inside", "drop", "shuffle")):
            case "inside":
                changed = self._change(schema[position])
                keys = [
                    one if isinstance(one, str) else one.get("name", one["type"]) for one in schema
                ]
                if isinstance(changed, list) or (isinstance(changed, str) and changed in keys):
                    return schema
                schema[position] = changed
            case "drop":
                if len(schema) > 1:
                    del schema[position]
            case _:
                self.random.shuffle(schema)
        return schema

    def _change_enum(self, schema: dict[str, Any]) -> None:
        match self.random.choice(("add", "remove", "default")):
            case "add":
                schema["symbols"] += [f"N{len(schema['symbols'])}"]
            case "remove":
                if len(schema["symbols"]) > 1 and "default" not in schema:
                    schema["symbols"].pop()
            case _:
                schema["default"] = schema["symbols"][0]

    def _change_record(self, schema: dict[str, Any]) -> None:
        fields = schema["fields"]
        match self.random.choice(("add", "remove", "inside", "inside", "alias", "rename")):
            case "add":
                fields.insert(self.random.randint(0, len(fields)), self.field(self._name("n"), 1))
            case "remove" if fields:
                fields.pop(self.random.randrange(len(fields)))
            case "alias" if fields:
                field = self.random.choice(fields)
                field["aliases"] = [field["name"]]
                field["name"] = self._name("g")
            case "rename":
                schema["aliases"] = [schema["name"]]
                schema["name"] = self._name("R")
            case "inside" if fields:
                field = self.random.choice(fields)
                field["type"] = self._change(field["type"])
                field.pop("default", None)

    def _name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"


def value(random: Random, schema: Any) -> Any:
    """Return a random value of a schema, as the codec takes it."""
    if isinstance(schema, list):
        branch = random.choice(schema)
        if branch == "null":
            return None
        name = branch if isinstance(branch, str) else branch.get("name", branch["type"])
        return {name: value(random, branch)}
    if isinstance(schema, str):
        return {
            "null": None,
            "boolean": random.random() < 0.5,
            "int": random.randint(-(2**31), 2**31 - 1),
            "long": random.randint(-(2**63), 2**63 - 1),
            "float": random.randint(-1000, 1000) / 8,
            "double": random.random(),
            "bytes": "".join(chr(random.randrange(128)) for _ in range(random.randint(0, 3))),
            "string": random.choice(("", "x", "\u20ac")),
        }[schema]
    match schema["type"]:
        case "array":
            return [value(random, schema["items"]) for _ in range(random.randint(0, 3))]
        case "map":
            return {f"k{n}": value(random, schema["values"]) for n in range(random.randint(0, 3))}
        case "enum":
            return random.choice(schema["symbols"])
        case "fixed":
            return "".join(chr(random.randrange(256)) for _ in range(schema["size"]))
        case _:
            return {field["name"]: value(random, field["type"]) for field in schema["fields"]}

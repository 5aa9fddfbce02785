"""Requests to a registry made at random: schemas generated and spoilt, bodies, paths and queries.

Half of what is sent is nearly right, so that it gets past the first check. The rest is spoilt in
one place: a value of another kind, a word cut in half, bytes that are no text.
"""

import base64
import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

from google.protobuf.descriptor_pb2 import DESCRIPTOR, FileDescriptorProto

from schema_registry.api.routes import ROUTES
from tests.support.protobuf.texts import SYMBOLS, VALUES, WORDS, hand_made_texts
from tests.support.registry.avro_evolution import Schemas

Json = Any

DESCRIPTOR_PROTO: bytes = DESCRIPTOR.serialized_pb

SUBJECTS = [
    "s",
    "t",
    "a/b",
    ":.c:s",
    "ü",
    ":.c:",
    ":*:",
    "",
    "s" * 255,
    "%",
    ":.__GLOBAL:",
    "a\x00",
]
ODD: list[Json] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e308,
    2**31,
    2**63,
    2**70,
    -(2**65),
    "",
    "x",
    [],
    {},
]
ODD += ["\x00", "é" * 50, "\U0001f600", "latest", "NONE", "a.b.c", "$ref", "#", [[]], {"": None}]
ODD += ["1" * 5_000, "-1", "NaN", "null", ["a"] * 30, {"a": {"a": {"a": {}}}}]
PATTERNS = [
    "(a+)+$",
    "^(?:(?:a|aa)+)+$",
    "[",
    "(?=x)",
    "\\p{L}",
    "a{1,99999}",
    "(?<n>a)\\k<n>",
    ".*" * 30,
]
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
URIS = [
    "#",
    "#/definitions/a",
    "#/properties/a",
    "a.json",
    "http://x/y#z",
    "#a",
    "#/%",
    "urn:x",
    "",
]
DRAFTS = ["http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-07/schema#"]
DRAFTS += [
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
]


@dataclass(frozen=True, slots=True)
class Sent:
    """One request."""

    method: str
    path: str
    body: bytes | None
    content_type: str = "application/json"


class Requests:
    """Makes requests."""

    def __init__(self, random: Random) -> None:
        """Take a source of chance, so that a run can be repeated."""
        self.random = random
        self._protobuf = hand_made_texts()
        file = FileDescriptorProto(name="a.proto", package="p", syntax="proto3")
        message = file.message_type.add(name="M")
        message.field.add(name="a", number=1, type=9, label=1, json_name="a")
        message.field.add(name="b", number=2, type=11, type_name=".p.M", label=3)
        message.nested_type.add(name="N").options.map_entry = True
        file.enum_type.add(name="E").value.add(name="A", number=0)
        file.service.add(name="S").method.add(name="R", input_type="M", output_type=".p.M")
        self._small = file.SerializeToString()

    def request(self) -> Sent:
        """Return a request, in most cases one with a schema."""
        if self.random.random() < 0.35:
            return self._any_request()
        subject = quote(self.random.choice(SUBJECTS[:4]), safe="")
        path = self.random.choice(
            [
                f"/subjects/{subject}/versions",
                f"/subjects/{subject}/versions",
                f"/subjects/{subject}",
                f"/compatibility/subjects/{subject}/versions",
                f"/compatibility/subjects/{subject}/versions/latest",
            ]
        )
        query = self.random.choice(
            ["", "?normalize=true", "?dryRun=true", "?verbose=true&verdicts=true", "?force=true"]
        )
        return Sent("POST", path + query, self._bytes(self.schema_body()))

    def schema_body(self) -> Json:
        """Return the body of a registration."""
        kind = self.random.choice(["AVRO", "JSON", "PROTOBUF"])
        text = {"AVRO": self.avro, "JSON": self.json_schema, "PROTOBUF": self.protobuf}[kind]()
        body: Json = {"schemaType": kind, "schema": text}
        if self.random.random() < 0.2:
            reference = {
                "name": self._word(),
                "subject": "t",
                "version": self.random.choice([1, -1]),
            }
            body["references"] = [reference]
        if self.random.random() < 0.1:
            body["metadata"] = {"properties": {self._word(): self._word()}, "tags": {"a": ["b"]}}
            rule = {"name": self._word(), "kind": "CONDITION", "mode": "WRITE", "type": "CEL"}
            body["ruleSet"] = {"domainRules": [rule]}
        return self._spoilt(body) if self.random.random() < 0.15 else body

    def avro(self) -> str:
        """Return an Avro schema, or what was one."""
        schema = Schemas(self.random).schema(self.random.randint(1, 4))
        if self.random.random() < 0.5:
            schema = self._spoilt(schema)
        return self._spoilt_text(json.dumps(schema))

    def json_schema(self) -> str:
        """Return a JSON Schema, or nearly one."""
        schema = self._subschema(self.random.randint(1, 4))
        if isinstance(schema, dict):
            schema["definitions"] = {"a": self._subschema(1)}
            if self.random.random() < 0.5:
                schema["$schema"] = self.random.choice(DRAFTS)
        if self.random.random() < 0.3:
            schema = self._spoilt(schema)
        return self._spoilt_text(json.dumps(schema))

    def protobuf(self) -> str:
        """Return a Protobuf file, a descriptor, or what was one."""
        if self.random.random() < 0.2:
            return base64.b64encode(self._descriptor()).decode()
        text = self.random.choice(self._protobuf)
        if self.random.random() < 0.5:
            at = self.random.randrange(len(text) + 1)
            change = self.random.choice([*WORDS, *SYMBOLS, *VALUES, ""])
            text = text[:at] + change + text[at + self.random.randrange(4) :]
        return text

    def _descriptor(self) -> bytes:
        """Return a descriptor with a few other bytes, or no descriptor at all."""
        if self.random.random() < 0.3:
            return self.random.randbytes(self.random.randrange(60))
        data = bytearray(DESCRIPTOR_PROTO if self.random.random() < 0.1 else self._small)
        for _ in range(self.random.randint(0, 3)):
            data[self.random.randrange(len(data))] = self.random.randrange(256)
        return bytes(data)

    def _subschema(self, depth: int) -> Json:
        choice = self.random.choice
        if depth == 0:
            return choice([{}, True, False, {"type": choice(TYPES)}, {"$ref": choice(URIS)}])
        inner: Callable[[], Json] = lambda: self._subschema(depth - 1)  # noqa: E731 - for the table
        keywords: dict[str, Callable[[], Json]] = {
            "type": lambda: choice([choice(TYPES), [choice(TYPES), "null"]]),
            "properties": lambda: {choice("abc"): inner() for _ in range(2)},
            "patternProperties": lambda: {choice(PATTERNS): inner()},
            "additionalProperties": inner,
            "items": lambda: choice([inner(), [inner(), inner()]]),
            "prefixItems": lambda: [inner()],
            "anyOf": lambda: [inner(), inner()],
            "oneOf": lambda: [inner(), inner()],
            "allOf": lambda: [inner()],
            "not": inner,
            "if": inner,
            "dependencies": lambda: {"a": choice([["b"], inner()])},
            "$ref": lambda: choice(URIS),
            "$dynamicRef": lambda: choice(URIS),
            "$id": lambda: choice(URIS),
            "pattern": lambda: choice(PATTERNS),
            "enum": lambda: [choice(ODD), choice(ODD)],
            "const": lambda: choice(ODD),
            "default": lambda: choice(ODD),
            "maxLength": lambda: choice([0, 5, 1e308, 2**70]),
            "multipleOf": lambda: choice([1, 0.1, 1e-300, 0]),
            "minimum": lambda: choice([0, -1e308, 2**70]),
            "required": lambda: [choice("abc")],
            "unevaluatedProperties": inner,
            "connect.type": lambda: "bytes",
        }
        names = self.random.sample(list(keywords), self.random.randint(1, 4))
        return {name: keywords[name]() for name in names}

    def _any_request(self) -> Sent:
        """Return a request to any path, its parts at random."""
        route = self.random.choice(ROUTES)
        method, path = route.method, route.path
        while "{" in path:
            start, end = path.index("{"), path.index("}")
            value = self.random.choice([*SUBJECTS, "1", "-1", "latest", "99999999999", "x" * 3_000])
            path = path[:start] + quote(str(value), safe="") + path[end + 1 :]
        if self.random.random() < 0.5:
            names = [
                "subjectPrefix",
                "deleted",
                "limit",
                "offset",
                "format",
                "subject",
                "permanent",
            ]
            names += [
                "key",
                "value",
                "verbose",
                "resourceType",
                "fetchMaxId",
                "latestOnly",
                "force",
            ]
            values = [
                "",
                "true",
                "-1",
                "%00",
                "9" * 20,
                "%FF",
                ":*:",
                "resolved",
                "serialized",
                "x",
            ]
            pairs = [f"{self.random.choice(names)}={self.random.choice(values)}" for _ in range(3)]
            path += "?" + "&".join(pairs)
        if method in ("GET", "DELETE") and self.random.random() < 0.9:
            return Sent(method, path, None)
        body = self.random.choice(
            [
                self.schema_body(),
                {"compatibility": self.random.choice(["NONE", "FULL", "x", None, 3])},
                {"mode": self.random.choice(["READWRITE", "IMPORT", "x", None, []])},
                {"normalize": True, "alias": "t", "overrideMetadata": {"properties": {"a": "b"}}},
                {"resourceName": "r", "resourceNamespace": "-", "resourceId": "i", "resourceType":
                 "topic", "associations": [{"subject": "s", "associationType": "value"}]},
                {"newVersion": 2, "tagsToAdd": [{"schemaEntity": {"entityPath": "a"},
                                                 "tags": ["x"]}]},
                self.random.choice(ODD),
            ]
        )  # fmt: skip
        return Sent(method, path, self._bytes(self._spoilt(body)))

    def _bytes(self, value: Json) -> bytes:
        data = json.dumps(value).encode()
        if self.random.random() < 0.05:
            at = self.random.randrange(len(data) + 1)
            data = (
                data[:at]
                + self.random.choice([b"\xff", b"\x00", b"", b"[" * 3_000])
                + data[at + 1 :]
            )
        return data

    def _spoilt_text(self, text: str) -> str:
        if self.random.random() < 0.9:
            return text
        at = self.random.randrange(len(text) + 1)
        return (
            text[:at]
            + self.random.choice(['"', "{", "[" * 200, "\\ud800", "1e999", ""])
            + text[at + 1 :]
        )

    def _spoilt(self, value: Json) -> Json:
        """Return a value with something odd in one place."""
        changed = copy.deepcopy(value)
        here = changed
        while isinstance(here, dict | list) and here:
            key = self.random.choice(list(here) if isinstance(here, dict) else range(len(here)))
            if not isinstance(here[key], dict | list) or self.random.random() < 0.3:
                if self.random.random() < 0.2:
                    del here[key]
                else:
                    here[key] = copy.deepcopy(self.random.choice(ODD))
                return changed
            here = here[key]
        return self.random.choice(ODD)

    def _word(self) -> str:
        return str(
            self.random.choice(["a", "A", "a.json", "a.proto", "x\x00y", "n" * 300, "", "é"])
        )


def _deep(opening: str, closing: str, depth: int, inner: str) -> str:
    return opening * depth + inner + closing * depth


def hostile_schemas() -> list[Json]:
    """Return bodies that would take for ever, or all memory, if nothing was bounded."""
    wide = [{"type": "record", "name": f"R{one}", "fields": []} for one in range(2_000)]
    doubling = {"definitions": {f"d{one}": {"allOf": [{"$ref": f"#/definitions/d{one + 1}"}] * 2}
                                for one in range(40)}, "$ref": "#/definitions/d0"}  # fmt: skip
    doubling["definitions"]["d40"] = {"type": "string"}
    circle = {
        "$ref": "#/definitions/a",
        "definitions": {"a": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}},
    }
    unions = {"oneOf": [{"type": "object", "properties": {"a": {"const": one}, "b": {"$ref": "#"}}}
                        for one in range(60)]}  # fmt: skip
    nested = "".join(f"message M{one} {{" for one in range(5_000)) + "}" * 5_000
    enums = {"type": "enum", "name": "E", "symbols": [f"S{one}" for one in range(60_000)]}
    default = {"type": "record", "name": "R", "fields": [
        {"name": "a", "type": "bytes", "default": "x" * 500_000}]}  # fmt: skip
    texts: list[tuple[str, str]] = [
        ("AVRO", _deep('{"type":"array","items":', "}", 20_000, '"int"')),
        ("AVRO", _deep("[", "]", 100_000, "")),
        ("AVRO", json.dumps(wide)),
        ("AVRO", json.dumps(enums)),
        ("AVRO", json.dumps(default)),
        ("AVRO", '{"type":"fixed","name":"F","size":999999999999}'),
        ("AVRO", json.dumps({"type": "record", "name": "." * 100_000, "fields": []})),
        ("JSON", _deep('{"not":', "}", 50_000, "{}")),
        ("JSON", _deep('{"items":[', "]}", 20_000, "{}")),
        ("JSON", json.dumps(doubling)),
        ("JSON", json.dumps(circle)),
        ("JSON", json.dumps(unions)),
        ("JSON", json.dumps({"pattern": "(a|a)*" * 2_000})),
        ("JSON", json.dumps({"enum": list(range(150_000))})),
        ("JSON", '{"multipleOf": 1e-999999999, "maximum": 1e999999999}'),
        ("JSON", '{"const": ' + "9" * 500_000 + "}"),
        ("PROTOBUF", 'syntax = "proto3";' + nested),
        ("PROTOBUF", "message M { " + "optional int32 a = 1;" * 40_000 + "}"),
        ("PROTOBUF", "message M { extensions " + ",".join(map(str, range(1, 90_000))) + "; }"),
        ("PROTOBUF", "option a = " + "{a:" * 50_000),
        ("PROTOBUF", base64.b64encode(b"\n\x02ab" * 200_000).decode()),
        ("PROTOBUF", base64.b64encode(b"\x22\xff\xff\xff\xff\x0f" * 1_000).decode()),
    ]
    return [{"schemaType": kind, "schema": text} for kind, text in texts]

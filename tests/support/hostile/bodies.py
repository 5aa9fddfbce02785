"""Hostile bodies, by hand: JSON that does not end, is too deep or means two things; bombs."""

import gzip
import zlib
from functools import cache

import zstandard

from tests.support.hostile.model import Hostile, request

DEEP = 200_000
BOMB_BYTES = 64 << 20

JSON_DOORS = {
    "topics": ("/v3/clusters/-/topics", "application/json"),
    "records": ("/v3/clusters/-/topics/t/records", "application/json"),
    "configs": ("/v3/clusters/-/topics/t/configs:alter", "application/json"),
    "v2": ("/topics/t", "application/vnd.kafka.json.v2+json"),
    "registry": ("/subjects/s/versions", "application/vnd.schemaregistry.v1+json"),
}

_BODIES: dict[str, bytes] = {
    "nothing": b"",
    "spaces": b" " * 100_000,
    "NUL": bytes(1_000),
    "deep lists": b"[" * DEEP,
    "deep lists, closed": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep inside": b'{"value":{"type":"JSON","data":' + b"[" * DEEP + b"]" * DEEP + b"}}",
    "deep configs": b'{"topic_name":"n","configs":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "digits": b'{"partitions_count":' + b"9" * 100_000 + b"}",
    "digits of a fraction": b'{"value":{"type":"JSON","data":0.' + b"1" * 100_000 + b"}}",
    "huge exponent": b'{"value":{"type":"JSON","data":1e999999999}}',
    "NaN": b'{"value":{"type":"JSON","data":NaN}}',
    "Infinity": b'{"partitions_count":Infinity}',
    "minus zero": b'{"partitions_count":-0}',
    "leading zero": b'{"partitions_count":007}',
    "UTF-16": '{"topic_name":"x"}'.encode("utf-16"),
    "UTF-32": '{"topic_name":"x"}'.encode("utf-32"),
    "mark of the byte order": b'\xef\xbb\xbf{"topic_name":""}',
    "lone surrogate": b'{"topic_name":"\\ud800","schema":"\\ud800"}',
    "lone surrogate as a value": b'{"value":{"type":"STRING","data":"\\udfff"}}',
    "surrogate in UTF-8": b'{"topic_name":"\xed\xa0\x80"}',
    "overlong UTF-8": b'{"topic_name":"\xc0\xaf"}',
    "duplicate keys": b'{"topic_name":"..","topic_name":"."}',
    "many keys": b"{" + b",".join(b'"k%d":1' % one for one in range(50_000)) + b"}",
    "colliding keys": b"{" + b",".join(b'"%s":1' % (b"a" * one) for one in range(800)) + b"}",
    "long text": b'{"topic_name":"' + b"a" * 500_000 + b'"}',
    "unclosed text": b'{"topic_name":"' + b"a" * 500_000,
    "control character": b'{"topic_name":"a\x00b"}',
    "escaped NUL": b'{"topic_name":"a\\u0000b"}',
    "line break": b'{"topic_name":"a\\r\\nSet-Cookie: hostile=1"}',
    "ANSI": b'{"topic_name":"\\u001b[31mhostile\\u001b[0m"}',
    "a list": b"[1,2,3]",
    "null": b"null",
    "a text": b'"hostile"',
    "two documents": b"{}{}",
    "wrong types": b'{"topic_name":{},"partitions_count":[],"configs":1,"data":"x"}',
    "negative partitions": b'{"topic_name":"n","partitions_count":-2147483649}',
    "partitions": b'{"topic_name":"n","partitions_count":2147483647}',
    "replicas": b'{"topic_name":"n","replication_factor":32767,"partitions_count":1}',
    "path as a name": b'{"topic_name":"../../etc/passwd","partitions_count":1}',
    "no base64": b'{"value":{"type":"BINARY","data":"****"}}',
    "proto": b'{"__proto__":{"a":1},"constructor":{"prototype":{}}}',
    "YAML": b"!!python/object/apply:os.system ['true']",
    "pickle": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    "entities": b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>',
    "comment": b'{"a":1/* hostile */}',
}

_SCHEMAS: dict[str, str] = {
    "Avro that names itself": '{"type":"record","name":"a","fields":[{"name":"b","type":"a"}]}',
    "Avro with an endless default": '{"type":"fixed","name":"f","size":9223372036854775807}',
    "Avro of no type": '{"type":"hostile"}',
    "JSON Schema that refers to itself": '{"$ref":"#"}',
    "JSON Schema elsewhere": '{"$ref":"http://127.0.0.1:1/x"}',
    "JSON Schema in a file": '{"$ref":"file:///etc/passwd"}',
    "JSON Schema with a slow pattern": '{"type":"string","pattern":"^(a+)+$"}',
    "JSON Schema with a broken pattern": '{"type":"string","pattern":"((("}',
    "Protobuf that imports itself": 'syntax = "proto3"; import "a.proto"; message A {}',
    "Protobuf of a file": 'import "/etc/passwd"; message A {}',
    "Protobuf, deep": "message A {" * 5_000,
    "Protobuf with a huge number": "message A { optional int32 a = 99999999999999999999; }",
}


def hostile_bodies() -> list[Hostile]:
    """Return every body at every door that takes JSON, and what only the registry reads."""
    plain = [
        Hostile(f"JSON at {door}: {name}", request("POST", path, body, kind))
        for door, (path, kind) in JSON_DOORS.items()
        for name, body in _BODIES.items()
    ]
    return [*plain, *_schemas(), *_bombs(), *_wrong_codings()]


def _schemas() -> list[Hostile]:
    path, kind = JSON_DOORS["registry"]
    found = []
    for name, text in _SCHEMAS.items():
        schema_type = {"A": "AVRO", "J": "JSON", "P": "PROTOBUF"}[name[0]]
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        body = f'{{"schemaType":"{schema_type}","schema":"{quoted}"}}'.encode()
        found.append(Hostile(f"schema: {name}", request("POST", path, body, kind)))
    return found


@cache
def _zeros(coding: str) -> bytes:
    zeros = bytes(1 << 20)
    if coding == "gzip":
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        return b"".join(packer.compress(zeros) for _ in range(BOMB_BYTES >> 20)) + packer.flush()
    stream = zstandard.ZstdCompressor(level=3).compressobj()
    return b"".join(stream.compress(zeros) for _ in range(BOMB_BYTES >> 20)) + stream.flush()


def _bombs() -> list[Hostile]:
    found = []
    for coding in ("gzip", "zstd"):
        bomb = _zeros(coding)
        said = b"Content-Encoding: " + coding.encode()
        found += [
            Hostile(f"bomb of {coding} at {door}", request("POST", path, bomb, kind, said))
            for door, (path, kind) in JSON_DOORS.items()
        ]
    again = gzip.compress(_zeros("gzip"))
    path, kind = JSON_DOORS["topics"]
    found.append(
        Hostile("bomb in a bomb", request("POST", path, again, kind, b"Content-Encoding: gzip"))
    )
    return found


def _wrong_codings() -> list[Hostile]:
    path, kind = JSON_DOORS["records"]
    codings = ["br", "deflate", "gzip, gzip", "gzip,zstd", "x-gzip", "\t", "identity, gzip"]
    codings += ["gzip;q=0", "snappy", "lz4", "*", "gzip", "zstd"]
    return [
        Hostile(
            f"coding {coding!r} of what is none",
            request("POST", path, b"hostile", kind, f"Content-Encoding: {coding}".encode()),
        )
        for coding in codings
    ]

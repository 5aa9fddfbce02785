"""Exports the AsyncAPI document of the WebSocket door, from the frames that the code checks.

``python -m app.api.ws.asyncapi PATH`` writes it; a test holds the committed file against it.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from app.api.auth.login import TICKET
from app.api.auth.pages import COOKIE
from app.api.records.parsing import RecordIn
from app.api.ws.client_frames import BinaryProduce, ClientFrames, Produce
from app.api.ws.close_codes import ADVICE
from app.api.ws.codec import Kind, Subprotocol
from app.api.ws.handshake import PATH
from app.api.ws.limits import RECORDS_OF_A_PRODUCE_MAX
from app.api.ws.server_frames import BinaryRecords, ServerFrames

Document = dict[str, Any]

_REF = "#/components/schemas/{name}"
_SCHEMES: Document = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "In the handshake's header."},
    "basic": {"type": "http", "scheme": "basic", "description": "Likewise."},
    "cookie": {"type": "httpApiKey", "in": "cookie", "name": COOKIE, "description": "A session."},
    "ticket": {"type": "httpApiKey", "in": "query", "name": TICKET, "description": "Of one use."},
}
"""What is read; beside them a subprotocol and a first frame, which the format has no words for."""

_BINARY = "application/vnd.cauce.frame"


def document() -> Document:
    """Return the AsyncAPI 3 document."""
    clients = _classes(ClientFrames)
    servers = _classes(ServerFrames)
    schemas = _schemas([*clients, *servers, BinaryProduce, BinaryRecords, RecordIn])
    records = {"$ref": _REF.format(name=RecordIn.__name__)}
    schemas[Produce.__name__]["properties"]["records"] = {
        "type": "array",
        "items": records,
        "minItems": 1,
        "maxItems": RECORDS_OF_A_PRODUCE_MAX,
    }
    messages = {kind.__name__: _message(kind, "application/json") for kind in (*clients, *servers)}
    messages |= {kind.__name__: _message(kind, _BINARY) for kind in (BinaryProduce, BinaryRecords)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Cauce over WebSocket",
            "version": version("cauce"),
            "description": _description(),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"node": {"host": "127.0.0.1:8082", "protocol": "ws"}},
        "channels": {
            "socket": _channel(PATH, "One socket, many subscriptions.", messages),
            "topic": {
                **_channel(f"{PATH}/topics/{{topic}}", "The records of a topic at once.", messages),
                "parameters": {"topic": {"description": "Its name."}},
            },
        },
        "operations": {
            "ask": _operation("receive", "What a client sends.", [*clients, BinaryProduce]),
            "tell": _operation("send", "What the server sends.", [*servers, BinaryRecords]),
        },
        "components": {"schemas": dict(sorted(schemas.items())), "messages": messages}
        | {"securitySchemes": _SCHEMES},
    }


def dump(written: Document) -> str:
    """Return the document as it is committed."""
    return json.dumps(written, indent=2, ensure_ascii=False) + "\n"


def _classes(union: Any) -> list[type[msgspec.Struct]]:
    return list(union.__args__)


def _schemas(kinds: list[type[msgspec.Struct]]) -> Document:
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_REF)
    return schemas


def _message(kind: type[msgspec.Struct], content_type: str) -> Document:
    tag = kind.__struct_config__.tag
    summary = (kind.__doc__ or "").partition("\n")[0]
    return {
        "name": tag or "produce",
        "title": kind.__name__,
        "summary": summary,
        "contentType": content_type,
        "payload": {"$ref": _REF.format(name=kind.__name__)},
    }


def _channel(address: str, summary: str, messages: Document) -> Document:
    return {
        "address": address,
        "summary": summary,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def _operation(action: str, summary: str, kinds: list[type[msgspec.Struct]]) -> Document:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/socket"},
        "summary": summary,
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SCHEMES],
        "messages": [{"$ref": f"#/channels/socket/messages/{kind.__name__}"} for kind in kinds],
    }


def _description() -> str:
    """Return what has no place of its own in the format: subprotocols, kinds, close codes."""
    kinds = ", ".join(f"{one.value} {one.name.lower().replace('_', ' ')}" for one in Kind)
    codes = "\n".join(
        f"- {code.value}: {advice.meaning}"
        + (f" Come back after {advice.retry_ms} ms." if advice.retry_ms is not None else "")
        for code, advice in ADVICE.items()
    )
    return (
        f"Subprotocols: {', '.join(one.value for one in Subprotocol)}. A frame is a text message "
        "with one JSON object; binary messages hold a u8 kind, three zero bytes, the u32 size of a "
        "JSON header, the header, and records at a multiple of eight bytes, little-endian. "
        f"Kinds: {kinds}.\n\nClose codes; the reason is a JSON text with `reason`, `retry` and "
        f"perhaps `retry_ms`:\n\n{codes}"
    )


def main() -> None:
    """Write the document to the path given."""
    Path(sys.argv[1]).write_text(dump(document()), encoding="utf-8")


if __name__ == "__main__":
    main()

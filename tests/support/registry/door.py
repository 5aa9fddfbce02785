"""The registry behind its door, on an SQLite file, in this process and without the server."""

import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from schema_registry.api.answers import Door
from schema_registry.api.documents import Shape
from schema_registry.api.door import Receive, RegistryDoor, Scope
from schema_registry.api.guard import Guard, Witness
from schema_registry.registry.context import RegistryContext
from schema_registry.registry.parsed import ParsedSchemas
from schema_registry.registry.views import Views
from schema_registry.registry.workers import Workers
from schema_registry.sql_store import tables
from schema_registry.sql_store.sql_store import SqlStore


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRegistry:
    """A registry that is asked by way of ASGI."""

    client: httpx.AsyncClient
    context: RegistryContext

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that has to succeed; return its value."""
        answer = await self.client.request(method, path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, int]:
        """Send a request that has to fail; return its status and error code."""
        answer = await self.client.request(method, path, json=body)
        found = answer.json()
        assert set(found) == {"error_code", "message"}, found
        assert found["message"]
        return answer.status_code, found["error_code"]

    async def register(self, subject: str, schema: str, **more: Any) -> int:
        """Register a schema; return its id."""
        found = await self.ask("POST", f"/subjects/{subject}/versions", {"schema": schema, **more})
        return int(found["id"])

    async def set(self, path: str, **settings: Any) -> None:
        """Put settings or a mode."""
        await self.ask("PUT", path, settings)


async def read_body(_scope: Scope, receive: Receive, _maximum: int) -> bytes:
    """Read a body."""
    message = await receive()
    return bytes(message.get("body", b""))


@asynccontextmanager
async def running_registry(
    directory: Path,
    shape: Shape | None = None,
    incompatible_code: int = 409,
    guard: Guard | None = None,
    witness: Witness | None = None,
) -> AsyncIterator[RunningRegistry]:
    """Run a registry on a directory for the length of the block."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{directory}/registry.db")
    event.listen(engine.sync_engine, "connect", _do_not_sync)
    async with engine.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
        await connection.execute(insert(tables.state).values(id=1, revision=0))

    @asynccontextmanager
    async def begin(_writes: bool) -> AsyncIterator[AsyncConnection]:
        async with engine.begin() as connection:
            yield connection

    store = SqlStore(begin)
    views, workers = Views(store), Workers()
    ticks = itertools.count(1_000)
    context = RegistryContext(
        store=store,
        views=views,
        schemas=ParsedSchemas(views, workers),
        workers=workers,
        now_ms=lambda: next(ticks),
    )
    door = Door(
        context=context,
        shape=shape or Shape(),
        incompatible_code=incompatible_code,
        guard=guard,
        witness=witness,
        cluster_id="cluster",
        version="1",
    )
    transport = httpx.ASGITransport(app=RegistryDoor(door, read_body))  # type: ignore[arg-type]
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://cauce.test") as client:
            yield RunningRegistry(client=client, context=context)
    finally:
        workers.close()
        await engine.dispose()


def _do_not_sync(connection: Any, _record: object) -> None:
    """Let the file be lost with the power: it is a test's."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.execute("PRAGMA journal_mode=MEMORY")
    cursor.close()


def record(*names: str, name: str = "R", **more: Any) -> str:
    """Return an Avro record of int fields; those after the first have defaults."""
    fields: list[Mapping[str, Any]] = [
        {"name": field, "type": "int", **({"default": 0} if number else {})}
        for number, field in enumerate(names)
    ]
    return json.dumps({"type": "record", "name": name, "fields": fields, **more})

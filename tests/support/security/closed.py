"""A closed node in this process, its admin and keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.broker.security.api_keys import create_api_key
from app.security.principal import Principal
from tests.support.application import RunningApplication, running_application

ADMIN = Principal("admin")


@dataclass(frozen=True, slots=True)
class Closed:
    """A node whose clients must log in."""

    running: RunningApplication
    password: str
    """The admin's."""

    async def key(self, **options: Any) -> tuple[str, str]:
        """Return the id of a new key of the admin's, and the key."""
        made = await create_api_key(self.running.context, ADMIN, "admin", **options)
        return made.record.key_id, made.key

    async def forget(self, key_id: str) -> None:
        """Delete a key."""
        watcher = self.running.context.security
        await watcher.catalog.delete_api_key(key_id)
        await watcher.refresh()


@asynccontextmanager
async def closed_application(directory: Path, **settings: Any) -> AsyncIterator[Closed]:
    """Run one for the length of the block."""
    settings = {"authentication": "required", **settings}
    async with running_application(directory, **settings) as running:
        yield Closed(running, (directory / "admin.secret").read_text().strip())

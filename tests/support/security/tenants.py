"""A node that asks who may, five parties, and something that belongs to one of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.api.auth.asking import PRINCIPAL
from app.broker.append_batches import BatchToAppend, append_batches
from app.broker.context import BrokerContext
from app.broker.security.acls import create_acls
from app.broker.topics import NewTopic, create_topic
from app.security.acls import Acl, Operation, PatternType, Permission, ResourceType
from app.security.principal import ANONYMOUS, Credential, CredentialKind, Principal
from storage.format.builder import build_batch
from tests.support.application import RunningApplication, running_application
from tests.support.groups.calls import stable_group

OWNED = "owned"
"""What everything of the owner begins with; who may not see it never reads this word."""

TOPIC, GROUP, SUBJECT = f"{OWNED}-topic", f"{OWNED}-group", f"{OWNED}-value"
NOBODY, OTHER, READER, OWNER, ADMIN = "nobody", "other tenant", "reader", "owner", "admin"


def _logged_in(name: str) -> Principal:
    credential = Credential(CredentialKind.CERTIFICATE, name)
    return Principal(name, host="10.0.0.1", credential=credential)


PRINCIPALS = {
    NOBODY: ANONYMOUS,
    OTHER: _logged_in("other"),
    READER: _logged_in("reader"),
    OWNER: _logged_in("owner"),
    ADMIN: _logged_in("admin"),
}
_KINDS = (
    ResourceType.TOPIC,
    ResourceType.GROUP,
    ResourceType.SUBJECT,
    ResourceType.TRANSACTIONAL_ID,
)


def _rules() -> list[Acl]:
    def rule(kind: ResourceType, prefix: str, who: str, operation: Operation) -> Acl:
        allow = Permission.ALLOW
        return Acl(kind, PatternType.PREFIXED, prefix, who, "10.0.0.0/8", operation, allow)

    return [
        one
        for kind in _KINDS
        for one in (
            rule(kind, OWNED, "User:owner", Operation.ALL),
            rule(kind, OWNED, "User:reader", Operation.READ),
            rule(kind, OWNED, "User:reader", Operation.DESCRIBE_CONFIGS),
            rule(kind, "other", "User:other", Operation.ALL),
        )
    ]


class Asking:
    """The application, asked by one party."""

    def __init__(self, front: Any, principal: Principal) -> None:
        """Ask in its name."""
        self._front = front
        self._principal = principal

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Say who asks, then ask."""
        await self._front({**scope, PRINCIPAL: self._principal}, receive, send)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenants:
    """The running node."""

    running: RunningApplication
    clients: dict[str, httpx.AsyncClient]

    @property
    def broker(self) -> BrokerContext:
        """The verbs."""
        return self.running.context


@asynccontextmanager
async def running_tenants(directory: Path) -> AsyncIterator[Tenants]:
    """Run the node, with a topic, a group, a record and a subject of the owner's."""
    async with running_application(directory, authentication="required") as running:
        broker, admin = running.context, PRINCIPALS[ADMIN]
        await create_acls(broker, admin, _rules())
        await create_topic(broker, admin, NewTopic(name=TOPIC, partition_count=1))
        batch = build_batch([(1, None, b"1", ())])
        appended = append_batches(
            broker, admin, [BatchToAppend(TOPIC, 0, batch)], acks=-1, timeout_ms=10_000
        )
        for one in appended if isinstance(appended, list) else await appended:
            assert one.error is None
        await stable_group(broker, GROUP)
        clients = {
            name: httpx.AsyncClient(
                transport=httpx.ASGITransport(
                    app=Asking(running.front, principal), raise_app_exceptions=False
                ),
                base_url="http://cauce.test",
            )
            for name, principal in PRINCIPALS.items()
        }
        registered = await clients[ADMIN].post(
            f"/subjects/{SUBJECT}/versions", json={"schema": '"string"'}
        )
        assert registered.status_code == 200, registered.text
        try:
            yield Tenants(running=running, clients=clients)
        finally:
            for client in clients.values():
                await client.aclose()

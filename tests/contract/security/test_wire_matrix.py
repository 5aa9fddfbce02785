"""Every API that the Kafka door serves, asked by everybody about what is the owner's.

Requests are filled by the names of their fields, so that a new API needs a line of who may.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.wire.call import Client
from app.wire.handlers.all_served import SERVED
from app.wire.message import FieldSpec, fields_of
from app.wire.messages.groups import JoinGroupRequest
from app.wire.primitives import Kind
from app.wire.registry import Served
from storage.format.builder import build_batch
from tests.contract.security.apis import APIS
from tests.support.security.tenants import (
    GROUP,
    OWNED,
    PRINCIPALS,
    TOPIC,
    Tenants,
    running_tenants,
)
from tests.support.wire_calls import call_of
from tests.support.wire_messages import as_data

pytestmark = pytest.mark.slow

REFUSALS = {29, 30, 31, 53, 64, 65}
"""Kafka's codes of what is not authorized."""

NAMES: dict[str, Any] = {
    "topic": TOPIC,
    "name": TOPIC,
    "topic_names": TOPIC,
    "subscribed_topic_names": TOPIC,
    "resource_name": TOPIC,
    "group_id": GROUP,
    "key": GROUP,
    "coordinator_keys": GROUP,
    "groups": GROUP,
    "groups_names": GROUP,
    "group_ids": GROUP,
    "principal": "User:x",
    "host": "*",
    "resource_type": 2,
    "operation": 3,
    "permission_type": 3,
    "records": build_batch([(1, None, b"1", ())]),
}


def filled(message_type: type, version: int, fields: dict[str, Any]) -> Any:
    """Return a request about what is the owner's."""
    present = [one for one in fields_of(message_type) if one.is_in(version)]
    return message_type(
        **{
            one.name: fields[one.name] if one.name in fields else _value(one, version, fields)
            for one in present
            if one.name in fields or one.is_array or one.struct or one.name in NAMES
        }
    )


def _value(spec: FieldSpec, version: int, fields: dict[str, Any]) -> Any:
    if spec.struct is not None:
        value = filled(spec.struct, version, fields)
    elif spec.name in NAMES:
        value = NAMES[spec.name]
    else:
        value = "" if spec.kind is Kind.STRING else 0
    return [value] if spec.is_array else value


def codes(answer: Any) -> Iterator[int]:
    """Yield the error codes of an answer, wherever they stand."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name.endswith("error_code"):
                yield value
            else:
                yield from codes(value)
    elif isinstance(answer, list):
        for one in answer:
            yield from codes(one)


@pytest.fixture
async def tenants(tmp_path: Path) -> AsyncIterator[Tenants]:
    """The node, its owner and the others."""
    async with running_tenants(tmp_path / "data") as running:
        yield running


async def answer_of(tenants: Tenants, served: Served, who: str, fields: dict[str, Any]) -> Any:
    """Return what an API answers to somebody, or nothing if it waits for other members."""
    version = served.api.max_version
    client = Client(host="10.0.0.1", local_host="10.0.0.1", principal=PRINCIPALS[who])
    request = filled(served.request_type, version, fields)
    answer: Any = served.handler(call_of(tenants.broker, version, client), request)
    if isinstance(answer, Awaitable):
        patience_s = 0.3 if served.request_type is JoinGroupRequest else 20
        try:
            answer = await asyncio.wait_for(answer, patience_s)
        except TimeoutError:
            return {}
    return as_data(answer)


async def test_everybody_asks_every_api(tenants: Tenants) -> None:
    wrong = []
    order = [one for name in APIS for one in SERVED if one.api.name == name]
    for served in sorted(order, key=lambda one: one.api.name.startswith("Delete")):
        who_may, fields, is_filtered = APIS[served.api.name]
        for who in PRINCIPALS:
            answer = await answer_of(tenants, served, who, fields)
            found = set(codes(answer)) & REFUSALS
            may = who_may is None or who in who_may
            if may == bool(found):
                wrong.append(f"{who}: {served.api.name}: {answer}")
            if is_filtered and (OWNED in str(answer)) is not (
                who not in ("nobody", "other tenant")
            ):
                wrong.append(f"{who}: {served.api.name} shows: {answer}")

    assert wrong == []

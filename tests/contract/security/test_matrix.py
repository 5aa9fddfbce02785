"""Every route of the OpenAPI document, asked by everybody: who is refused, and what a refusal says.

The list is the document's; ``routes.py`` says what each needs.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.security.routes import PARAMETERS, ROUTES, Entry
from tests.support.security.tenants import (
    GROUP,
    OWNED,
    OWNER,
    PRINCIPALS,
    READER,
    SUBJECT,
    TOPIC,
    Tenants,
    running_tenants,
)

pytestmark = pytest.mark.slow

ABSENT = {TOPIC: f"{OWNED}-none-t", GROUP: f"{OWNED}-none-g", SUBJECT: f"{OWNED}-none-s"}


@pytest.fixture
async def tenants(tmp_path: Path) -> AsyncIterator[Tenants]:
    """The node, its owner and the others."""
    async with running_tenants(tmp_path / "data") as running:
        yield running


async def ask(
    client: httpx.AsyncClient, route: str, entry: Entry, absent: dict[str, str] | None = None
) -> httpx.Response:
    """Ask a route, about what is there or about what is not."""
    method, path = route.split(" ", 1)
    path = re.sub(r"\{(\w+)\}", lambda found: PARAMETERS[found.group(1)], path)
    query = entry.query
    for there, name in (absent or {}).items():
        path, query = path.replace(there, name), query.replace(there, name)
    headers = {"content-type": entry.media_type} if entry.body is not None else {}
    json: Any = {} if entry.body is None else {"json": entry.body}
    url = f"{path}?{query}" if query else path
    return await client.request(method, url, headers=headers, **json, timeout=20)


async def test_everybody_asks_every_route(tenants: Tenants) -> None:
    wrong = []
    for route in sorted(ROUTES, key=lambda one: one.startswith("DELETE")):  # those last
        entry = ROUTES[route]
        for who, client in tenants.clients.items():
            answer = await ask(client, route, entry)
            may = entry.who is None or who in entry.who
            if not may and not is_refusal(answer):
                wrong.append(f"{who}: {route} is not refused: {answer.status_code} {answer.text}")
            if may and answer.status_code in (401, 403):
                wrong.append(f"{who}: {route} is refused: {answer.text}")
            if answer.status_code >= 500:
                wrong.append(f"{who}: {route} fails: {answer.status_code} {answer.text}")
            if not may:
                other = await ask(client, route, entry, ABSENT)
                if plain(answer) != plain(other):
                    wrong.append(f"{who}: {route} tells what there is: {answer.text} {other.text}")

    assert wrong == []


def is_refusal(answer: httpx.Response) -> bool:
    return answer.status_code == 403 and answer.json().keys() == {"error_code", "message"}


def plain(answer: httpx.Response) -> tuple[int, str]:
    """Return an answer without the names that were asked for."""
    text = answer.text
    for there, absent in ABSENT.items():
        text = text.replace(absent, "NAME").replace(there, "NAME")
    return answer.status_code, text


@pytest.mark.parametrize("route", [one for one, entry in ROUTES.items() if entry.is_filtered])
async def test_lists_hold_what_may_be_seen(tenants: Tenants, route: str) -> None:
    for who, client in tenants.clients.items():
        answer = await ask(client, route, ROUTES[route])

        assert (OWNED in answer.text) is (who not in ("nobody", "other tenant")), (who, answer.text)


async def test_a_schema_is_found_by_its_id_by_who_may_read_a_subject_that_has_it(
    tenants: Tenants,
) -> None:
    guid = (await tenants.clients[OWNER].get("/schemas/ids/1")).json()["guid"]
    for path in ("/schemas/ids/1", "/schemas/ids/1/schema", f"/schemas/guids/{guid}"):
        answers = {who: await client.get(path) for who, client in tenants.clients.items()}
        nothing = path.replace("1", "2") if guid not in path else path.replace(guid[0], "x")

        assert [answer.status_code for answer in answers.values()] == [404, 404, 200, 200, 200]
        absent = await tenants.clients["nobody"].get(nothing)
        assert absent.json()["error_code"] == answers["nobody"].json()["error_code"] == 40403


async def test_what_a_schema_refers_to_must_be_readable(tenants: Tenants) -> None:
    reference = {"name": "x", "subject": SUBJECT, "version": 1}
    stolen = {"schema": '{"type":"array","items":"x"}', "references": [reference]}

    answer = await tenants.clients["other tenant"].post("/subjects/other-s/versions", json=stolen)
    alias = await tenants.clients["other tenant"].put("/config/other-s", json={"alias": SUBJECT})

    assert (answer.status_code, alias.status_code) == (403, 403)
    assert answer.json()["error_code"] == 40301


async def test_a_consumer_instance_answers_who_made_it_alone(tenants: Tenants) -> None:
    made = await tenants.clients[READER].post(
        f"/consumers/{GROUP}",
        json={"name": "mine", "format": "json"},
        headers={"content-type": "application/vnd.kafka.v2+json"},
    )
    assert made.status_code == 200, made.text

    statuses = [
        (await client.get(f"/consumers/{GROUP}/instances/mine/subscription")).status_code
        for client in tenants.clients.values()
    ]

    assert statuses == [403, 403, 200, 404, 404]
    assert list(PRINCIPALS)[2] == READER

import asyncio
import json
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.api.front import Front
from app.api.http_protocol import CUT, CYCLE
from app.api.request_body import Message
from app.broker.topics import NewTopic, create_topic
from app.security.principal import ANONYMOUS
from app.security.quota_windows.limits import DEFAULT, UNSET, Quota, QuotaType
from app.security.quotas import ClientQuotas
from tests.support.application import (
    JSON,
    TOPICS,
    Exchange,
    RunningApplication,
    request_scope,
    running_application,
)
from tests.support.security.closed import ADMIN, closed_application
from tests.support.sockets.asgi import SocketClient

RECORD = b'{"value":{"type":"STRING","data":"x"}}'


@pytest.fixture
async def topic(running: RunningApplication) -> RunningApplication:
    await running.create_topic("t")
    return running


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/t/records", RECORD, 200),
        ("POST", "/t/records:batch", b'{"entries":[{"id":"a"}]}', 207),
        ("GET", "/t/records", b"", 200),
        ("GET", "/t/partitions/0/records", b"", 200),
    ],
)
async def test_hot_path_is_answered_without_the_application_and_alike_through_it(
    topic: RunningApplication, method: str, path: str, body: bytes, status: int
) -> None:
    topic.front.application.routes.clear()
    hot = await topic.client.request(method, TOPICS + path, content=body, headers=JSON)

    assert hot.status_code == status, hot.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/livez", 200),
        ("GET", TOPICS, 200),
        ("GET", f"{TOPICS}/t", 200),
        ("PUT", f"{TOPICS}/t/records", 405),
        ("DELETE", f"{TOPICS}/t/partitions/0/records?before_offset=0", 200),
        ("GET", f"{TOPICS}/t/records/", 404),
        ("GET", f"{TOPICS}//records", 404),
        ("GET", "/v3/clusters//topics/t/records", 404),
        ("GET", "/v3/clusters/-/groups/t/records", 404),
    ],
)
async def test_everything_else_is_passed_on(
    topic: RunningApplication, method: str, path: str, status: int
) -> None:
    answer = await topic.client.request(method, path)

    assert answer.status_code == status, answer.text


async def test_everything_is_passed_on_while_there_is_no_broker() -> None:
    passed = []
    application = FastAPI()
    application.router.lifespan_context(application)

    @application.get("/v3/clusters/-/topics/t/records")
    async def records() -> str:
        passed.append("records")
        return "later"

    transport = httpx.ASGITransport(app=Front(application))
    async with httpx.AsyncClient(transport=transport, base_url="http://h") as client:
        answer = await client.get("/v3/clusters/-/topics/t/records")

    assert (answer.json(), passed) == ("later", ["records"])


async def test_refusal_of_a_verb_is_worded(running: RunningApplication) -> None:
    answer = await running.client.get(f"{TOPICS}/none/partitions/0/records")

    assert (answer.status_code, answer.json()["error_code"]) == (404, 40403)


async def test_mistake_of_ours_is_a_500_with_its_trace_in_the_log(
    topic: RunningApplication, caplog: pytest.LogCaptureFixture
) -> None:
    exchange = Exchange([])

    async def broken() -> MutableMapping[str, Any]:
        raise ZeroDivisionError("the network is a fake")

    scope = request_scope("POST", f"{TOPICS}/t/records", content_type="application/json")
    await topic.front(scope, broken, exchange.send)

    assert exchange.status == 500
    assert json.loads(exchange.body) == {"error_code": 50002, "message": "Internal Server Error"}
    assert "the network is a fake" in caplog.text


@pytest.mark.parametrize("path", ["/v3/clusters/-/topics", "/v3/clusters/-/topics/t/records"])
async def test_links_begin_with_the_public_url_when_there_is_one(
    tmp_path_factory: pytest.TempPathFactory, path: str
) -> None:
    directory = tmp_path_factory.mktemp("public")
    async with running_application(directory, public_url="https://events.test/x/") as one:
        await one.create_topic("t")

        answer = (await one.client.get(path)).json()

    assert answer["metadata"]["self"].startswith("https://events.test/x/v3/clusters/")


_V2, _V1 = "application/vnd.kafka.v2+json", "application/vnd.schemaregistry.v1+json"
REFUSED = {
    "/v3/clusters": "application/json",
    f"{TOPICS}/t/records": "application/json",
    f"{TOPICS}/t/records:stream": "application/json",
    "/topics/t": _V2,
    "/consumers/g/instances/i/records": _V2,
    "/subjects": _V1,
    "/nowhere": "application/json",
}


async def test_closed_node_asks_who_is_there_in_the_shape_of_each_door(tmp_path: Path) -> None:
    challenges = ['Bearer realm="cauce"', 'Basic realm="cauce", charset="UTF-8"']
    async with running_application(tmp_path, authentication="required") as closed:
        refused = {path: await closed.client.get(path) for path in REFUSED}
        let_in = [await closed.client.get(path) for path in ("/livez", "/readyz", "/openapi.json")]

    assert {path: one.headers["content-type"] for path, one in refused.items()} == REFUSED
    for one in refused.values():
        assert (one.status_code, one.json()["error_code"]) == (401, 40101)
        assert one.headers.get_list("www-authenticate") == challenges
    assert {one.status_code for one in let_in} == {200}


async def test_closed_node_lets_its_admin_in_and_asks_what_the_dialect_says(tmp_path: Path) -> None:
    settings = {"authentication": "required", "rest_compat": "strimzi"}
    async with running_application(tmp_path, **settings) as closed:
        admin = ("admin", (tmp_path / "admin.secret").read_text().strip())
        found = await closed.client.get("/v3/clusters", auth=admin)
        refused = await closed.client.get("/topics")
        other = await closed.client.get("/subjects", headers={"accept": "application/json"})

    assert found.status_code == 200, found.text
    assert (refused.status_code, refused.json()["error_code"]) == (401, 401)
    assert other.headers["content-type"] == "application/json"


async def test_open_node_does_not_believe_who_says_to_be_somebody(
    running: RunningApplication,
) -> None:
    wrong = await running.client.get("/v3/clusters", auth=("admin", "admin"))
    nobody = await running.client.get("/v3/clusters")

    assert (wrong.status_code, nobody.status_code) == (401, 200)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/topics/t", b'{"records":[{"value":"eA=="}]}'),
        ("/subjects/s/versions", rb'{"schema":"\"string\""}'),
        ("/consumers/g", b""),
    ],
)
async def test_page_of_another_site_changes_nothing_on_an_open_node(
    topic: RunningApplication, path: str, body: bytes
) -> None:
    """Browsers send a body that names no type to any server, without asking it before."""
    page = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}

    refused = await topic.client.post(path, content=body, headers=page)
    program = await topic.client.post(path, content=body)

    assert refused.status_code == 403, refused.text
    assert program.status_code == 200, program.text


async def test_open_node_answers_to_no_name_that_a_page_could_have_chosen(
    running: RunningApplication,
) -> None:
    evil = {"host": "evil.example:8082"}
    refused = {path: await running.client.get(path, headers=evil) for path in REFUSED}
    preflight = await running.client.options(TOPICS, headers=evil)
    client = SocketClient(running.front, more={"headers": [(b"host", b"evil.example")]})
    async with client:
        await asyncio.sleep(0.05)
    by_address = await running.client.get(TOPICS, headers={"host": "127.0.0.1:8082"})

    assert {path: one.headers["content-type"] for path, one in refused.items()} == REFUSED
    for one in (*refused.values(), preflight):
        assert (one.status_code, one.json()["error_code"]) == (421, 421)
        assert "allowed_hosts" in one.json()["message"]
    assert [one.get("status") for one in client.answers][:1] == [421]
    assert by_address.status_code == 200


async def test_closed_node_answers_to_any_name_unless_it_is_told_some(tmp_path: Path) -> None:
    closed = {"authentication": "required"}
    async with running_application(tmp_path / "a", **closed, allowed_hosts=()) as any_name:
        asked = await any_name.client.get(TOPICS)
    async with running_application(tmp_path / "b", **closed, allowed_hosts=("x.test",)) as some:
        refused = await some.client.get(TOPICS)

    assert (asked.status_code, refused.status_code) == (401, 421)


async def test_client_that_a_proxy_and_somebody_else_name_is_refused(tmp_path: Path) -> None:
    proxied = {"x-forwarded-for": "203.0.113.7"}
    forged = {**proxied, "forwarded": "for=10.0.0.1;proto=https"}
    settings = {"authentication": "required", "trusted_proxies": ("127.0.0.1",)}
    async with running_application(tmp_path, **settings) as closed:
        refused = {path: await closed.client.get(path, headers=forged) for path in REFUSED}
        asked = await closed.client.get(TOPICS, headers=proxied)
        lines = [(name.encode(), value.encode()) for name, value in forged.items()]
        client = SocketClient(closed.front, headers=lines)
        async with client:
            await asyncio.sleep(0.05)

    assert {path: one.headers["content-type"] for path, one in refused.items()} == REFUSED
    for one in refused.values():
        assert one.status_code == 400
        assert "different clients" in one.json()["message"]
    assert [one.get("status") for one in client.answers][:1] == [400]
    assert asked.status_code == 401


def owing(running: RunningApplication, seconds: float) -> ClientQuotas:
    """Have everybody owe request time."""
    quotas = running.context.quotas
    assert isinstance(quotas, ClientQuotas)
    quotas.load([Quota(DEFAULT, UNSET, QuotaType.REQUEST, 1.0)])
    quotas.requested(ANONYMOUS, 0.01 * (1 + seconds))
    return quotas


async def test_who_owes_much_request_time_is_refused_in_the_shape_of_each_door(
    running: RunningApplication,
) -> None:
    quotas = owing(running, 5)
    refused = {path: await running.client.get(path) for path in REFUSED}
    health = await running.client.get("/livez")
    quotas.load([])
    then = await running.client.get(TOPICS)

    assert {path: one.headers["content-type"] for path, one in refused.items()} == REFUSED
    for one in refused.values():
        assert (one.status_code, one.json()["error_code"]) == (429, 42901)
        assert "request_percentage" in one.json()["message"]
        assert 2 <= int(one.headers["retry-after"]) <= 5
    assert (health.status_code, then.status_code) == (200, 200)


async def test_who_logs_in_does_not_wait_for_what_other_strangers_owe(tmp_path: Path) -> None:
    async with closed_application(tmp_path) as closed:
        running = closed.running
        admin = ("admin", closed.password)
        quotas = owing(running, 5)
        owed_ms = quotas.owed(QuotaType.REQUEST, ANONYMOUS)

        answers = [
            await running.client.post("/v3/auth/token", data=fields, auth=auth)
            for fields, auth in (
                ({"grant_type": "client_credentials"}, admin),
                ({"grant_type": "none"}, None),
            )
        ]

        assert [one.status_code for one in answers] == [200, 400]
        assert quotas.owed(QuotaType.REQUEST, ANONYMOUS) <= owed_ms


async def test_who_owes_little_request_time_waits_and_then_owes_more(
    running: RunningApplication,
) -> None:
    quotas = owing(running, 0.3)
    before_ms = quotas.owed(QuotaType.REQUEST, ANONYMOUS)

    answer = await running.client.get(TOPICS)

    assert 0 < before_ms <= 301
    assert answer.status_code == 200
    assert quotas.owed(QuotaType.REQUEST, ANONYMOUS) > 0


@pytest.mark.parametrize("path", [f"{TOPICS}/t/records", f"{TOPICS}/t/records:stream"])
async def test_request_that_waits_is_cut_when_its_login_ends(tmp_path: Path, path: str) -> None:
    async with closed_application(tmp_path) as closed:
        key_id, key = await closed.key()
        await create_topic(closed.running.context, ADMIN, NewTopic(name="t", partition_count=1))
        everyone = closed.running.context.open_connections
        cut = asyncio.Event()
        scope = request_scope("GET", path, b"", authorization=f"Bearer {key}")
        if not path.endswith("stream"):
            scope["query_string"] = b"wait_ms=20000&from=latest"
        scope |= {"client": ("127.0.0.1", 1), CUT: cut.set}
        exchange = Waiting(cut)
        asking = asyncio.create_task(closed.running.front(scope, exchange.receive, exchange.send))
        async with asyncio.timeout(20):
            while not len(everyone):
                await asyncio.sleep(0.01)
            await closed.forget(key_id)
            await cut.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

        assert len(everyone) == 0


SLOW_BODIES = [
    ("POST", "/topics/t"),
    ("POST", "/topics/t/partitions/0"),
    ("POST", f"{TOPICS}/t/records"),
    ("POST", f"{TOPICS}/t/records:batch"),
    ("POST", TOPICS),
    ("POST", "/subjects/s/versions"),
    ("PUT", "/config"),
]


async def test_body_that_comes_slowly_is_cut_when_its_login_ends(tmp_path: Path) -> None:
    async with closed_application(tmp_path) as closed:
        key_id, key = await closed.key()
        await create_topic(closed.running.context, ADMIN, NewTopic(name="t", partition_count=1))
        everyone = closed.running.context.open_connections
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        cuts, asking = [], []
        for method, path in SLOW_BODIES:
            cut = asyncio.Event()
            scope = request_scope(method, path, b"", **headers)
            scope |= {"client": ("127.0.0.1", 1), CUT: cut.set, CYCLE: Body(more_body=True)}
            exchange = Waiting(cut)
            asked = closed.running.front(scope, exchange.receive, exchange.send)
            asking.append(asyncio.create_task(asked))
            cuts.append(cut)
        async with asyncio.timeout(20):
            while len(everyone) < len(SLOW_BODIES):
                await asyncio.sleep(0.01)
            await closed.forget(key_id)
            for cut in cuts:
                await cut.wait()
            await asyncio.gather(*asking, return_exceptions=True)

        assert len(everyone) == 0


@pytest.mark.parametrize("comes_after_the_head", [False, True])
async def test_request_whose_body_is_whole_is_answered_though_its_login_ends(
    tmp_path: Path, *, comes_after_the_head: bool
) -> None:
    async with closed_application(tmp_path) as closed:
        key_id, key = await closed.key()
        cut = asyncio.Event()
        scope = request_scope("POST", "/subjects/s/versions", b"", authorization=f"Bearer {key}")
        body = Body(more_body=comes_after_the_head)
        scope |= {"client": ("127.0.0.1", 1), CUT: cut.set, CYCLE: body}
        exchange = Waiting(cut)
        asking = asyncio.create_task(closed.running.front(scope, exchange.receive, exchange.send))
        await asyncio.sleep(0.05)
        body.more_body = False
        await closed.forget(key_id)
        await asyncio.sleep(0.05)
        is_cut = cut.is_set()
        cut.set()
        await asyncio.gather(asking, return_exceptions=True)

        assert not is_cut


@dataclass
class Body:
    """Says whether a body comes yet."""

    more_body: bool


async def test_request_that_does_not_wait_ends_in_its_own_time(tmp_path: Path) -> None:
    async with closed_application(tmp_path) as closed:
        key_id, key = await closed.key()
        url = f"/v3/clusters/-/api-keys/{key_id}"
        headers = {"authorization": f"Bearer {key}"}

        answer = await closed.running.client.delete(url, headers=headers)
        after = await closed.running.client.get("/v3/clusters", headers=headers)

    assert (answer.status_code, after.status_code) == (204, 401)


class Waiting(Exchange):
    """A client that stays until it is cut off."""

    def __init__(self, cut: asyncio.Event) -> None:
        super().__init__([])
        self._cut = cut

    async def receive(self) -> Message:
        """Say that the client has left, once it was cut off."""
        await self._cut.wait()
        return {"type": "http.disconnect"}

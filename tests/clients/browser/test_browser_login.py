"""A real browser follows streams of a closed node: by a cookie, and by tickets as the docs say."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests.clients.browser.pages import PATIENCE_MS, blank, chromium
from tests.support.node import ROOT, NodeProcess

pytestmark = pytest.mark.slow

KILLS = 1
RECORDS_EACH = 20
TOTAL = (KILLS + 1) * RECORDS_EACH

BY_COOKIE = """
(url) => {
  window.seen = {cookie: [], ticket: []};
  window.stream = new EventSource(url, {withCredentials: true});
  stream.addEventListener("records", ({data}) =>
    seen.cookie.push(...JSON.parse(data).records.map((one) => one.value.data)));
}
"""
BY_TICKETS = """
([url, key]) => {
  window.told = "";
  addEventListener("unhandledrejection", ({reason}) => { told = reason.message; });
  follow(url, `Bearer ${key}`, (records) =>
    seen.ticket.push(...records.map((one) => one.value.data)));
}
"""


def sample() -> str:
    """Return the code that the docs give to pages with tickets."""
    text = (ROOT / "docs" / "sse.md").read_text()
    (found,) = re.findall(r"```js\n(async function follow.*?)```", text, re.S)
    return str(found)


class ClosedNode:
    """A closed node with a topic, and who writes to it."""

    def __init__(self, node: NodeProcess) -> None:
        """Start it."""
        self.node = node
        node.start()
        secret = (node.directory / "admin.secret").read_text().strip()
        self.admin = httpx.Client(auth=("admin", secret), base_url=node.url, timeout=60)
        made = self.call("POST", "/v3/clusters/-/api-keys", json={"user": "admin"})
        self.key, self.key_id = made["key"], made["key_id"]
        self.call("POST", "/v3/clusters/-/topics", json={"topic_name": "t"})

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Ask as the admin; return the answer."""
        answer = self.admin.request(method, path, **options).raise_for_status()
        return answer.json() if answer.content else None

    def produce(self, numbers: range) -> None:
        """Write numbers, one a request."""
        for number in numbers:
            value = {"value": {"type": "JSON", "data": number}}
            self.call("POST", "/v3/clusters/-/topics/t/records", json=value)


@pytest.fixture
def cookies() -> list[str]:
    return []


@pytest.fixture
def origin(cookies: list[str]) -> Iterator[str]:
    with blank(cookies) as origin:
        yield origin


@pytest.fixture
def closed(
    tmp_path: Path, origin: str, cookies: list[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClosedNode]:
    monkeypatch.setenv("CAUCE_CORS_ALLOWED_ORIGINS", origin)
    monkeypatch.setenv("CAUCE_CORS_ALLOW_CREDENTIALS", "true")
    node = NodeProcess(tmp_path / "data", "--authentication", "required")
    closed = ClosedNode(node)
    cookies.append(f"cauce_session={closed.key}; HttpOnly; SameSite=Strict; Path=/")
    yield closed
    closed.admin.close()
    node.kill()


@pytest.fixture
def page(origin: str) -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        yield page


def test_a_page_follows_a_closed_node_over_kills_until_its_login_ends(
    closed: ClosedNode, origin: str, page: Page
) -> None:
    stream = f"{closed.node.topics}/t/records:stream?from=earliest"
    page.goto(origin)
    page.evaluate(BY_COOKIE, stream)
    page.add_script_tag(content=sample())
    page.evaluate(BY_TICKETS, [stream, closed.key])
    for kill in range(KILLS + 1):
        closed.produce(range(kill * RECORDS_EACH, (kill + 1) * RECORDS_EACH))
        there = f"Object.values(seen).every((one) => one.length >= {(kill + 1) * RECORDS_EACH})"
        page.wait_for_function(there)
        if kill < KILLS:
            closed.node.kill()
            closed.node.start()
    wanted = list(range(TOTAL))
    assert page.evaluate("seen") == {"cookie": wanted, "ticket": wanted}

    # nor does the browser ask the person there for a password, which would keep both waiting
    closed.call("DELETE", f"/v3/clusters/-/api-keys/{closed.key_id}")
    page.wait_for_function("stream.readyState === EventSource.CLOSED && told !== ''")
    assert page.evaluate("told") == "log in again"

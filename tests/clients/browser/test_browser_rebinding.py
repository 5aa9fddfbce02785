"""DNS rebinding in a real browser: a page's own name leads to the node once the page is there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.clients.browser.pages import PATIENCE_MS, chromium
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

ASKS = """async () => {
    const body = JSON.stringify({topic_name: location.hostname + "-made"});
    const headers = {"content-type": "application/json"};
    const made = await fetch("/v3/clusters/-/topics", {method: "POST", headers, body});
    const read = await fetch("/v3/clusters/-/topics/secrets/partitions/0/records");
    const opened = await new Promise((resolve) => {
        const socket = new WebSocket(`ws://${location.host}/v3/ws`, "cauce.v1.json");
        socket.onmessage = () => resolve(true);
        socket.onclose = () => resolve(false);
    });
    return [made.status, read.status, opened];
}"""


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path / "data")
    node.start()
    node.create_topic("secrets", 1)
    yield node
    assert node.stop() == 0


@pytest.fixture
def browser() -> Iterator[Browser]:
    rebound = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    # newer browsers ask their user first; those who are asked may say yes
    unasked = "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets"
    with chromium(rebound, unasked) as browser:
        yield browser


@pytest.mark.parametrize(
    ("name", "found"), [("evil.example", [421, 421, False]), ("localhost", [201, 200, True])]
)
def test_a_page_whose_name_is_not_the_node_s_gets_nothing(
    node: NodeProcess, browser: Browser, name: str, found: list[Any]
) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    origin = f"http://{name}:{node.port}"
    # what the page's own server gave the browser before the name led elsewhere
    page.route(f"{origin}/", lambda route: route.fulfill(body="<p>", content_type="text/html"))
    page.goto(f"{origin}/")

    assert page.evaluate(ASKS) == found

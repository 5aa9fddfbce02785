"""A real browser: a page of another origin produces and consumes; kills are bridged."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.support.node import ROOT, NodeProcess

pytestmark = pytest.mark.slow

PARTITIONS = 3
KILLS = 3
RECORDS_EACH = 30
PATIENCE_MS = 90_000


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing of what it serves."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[str]:
    """Where pages come from that are not the node's own."""
    handler = partial(Quiet, directory=str(ROOT / "tests" / "clients" / "programs"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


@pytest.fixture
def node(tmp_path: Path, origin: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[NodeProcess]:
    monkeypatch.setenv("CAUCE_CORS_ALLOWED_ORIGINS", origin)
    node = NodeProcess(tmp_path / "data")
    node.start()
    node.create_topic("t", PARTITIONS)
    yield node
    node.kill()


@pytest.fixture
def page(node: NodeProcess, origin: str) -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"], timeout=PATIENCE_MS
        )
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{origin}/browser.html?node=127.0.0.1:{node.port}")
        yield page
        browser.close()


def test_a_page_writes_and_reads_over_both_doors_while_the_server_is_killed(
    node: NodeProcess, page: Page
) -> None:
    total = (KILLS + 1) * RECORDS_EACH
    for kill in range(KILLS + 1):
        values = list(range(kill * RECORDS_EACH, (kill + 1) * RECORDS_EACH))
        written = page.evaluate("([values, n]) => produce(values, n)", [values, PARTITIONS])
        assert written == RECORDS_EACH
        if kill < KILLS:
            page.wait_for_function(f"Object.values(seen.socket).flat().length >= {len(values)}")
            node.kill()
            node.start()
    done = "Object.values(seen.{}).flat().length >= {}"
    for door in ("socket", "events"):
        page.wait_for_function(done.format(door, total))

    wanted = {str(one): list(range(one, total, PARTITIONS)) for one in range(PARTITIONS)}
    assert page.evaluate("seen") == {"socket": wanted, "events": wanted}
    assert page.evaluate("sockets.opened") == KILLS + 1


def test_a_page_of_an_allowed_origin_administers(page: Page) -> None:
    assert page.evaluate("ask()") == [201, True, 204]

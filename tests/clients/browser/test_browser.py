"""A real browser: a page of another origin produces and consumes; kills are bridged."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.clients.browser.pages import PATIENCE_MS, chromium, files
from tests.support.node import ROOT, NodeProcess

pytestmark = pytest.mark.slow

PARTITIONS = 3
KILLS = 3
RECORDS_EACH = 30


@pytest.fixture
def origin() -> Iterator[str]:
    """Where pages come from that are not the node's own."""
    with files(ROOT / "tests" / "clients" / "programs") as origin:
        yield origin


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
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{origin}/browser.html?node=127.0.0.1:{node.port}")
        yield page


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

"""Pages in a real browser, from an origin that is not the node's own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

PATIENCE_MS = 90_000


class Files(SimpleHTTPRequestHandler):
    """Serves a directory, and says nothing of it."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Blank(BaseHTTPRequestHandler):
    """Serves one page without anything on it, and sets its cookies."""

    cookies: list[str]

    def do_GET(self) -> None:
        """Answer any path."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        for cookie in self.cookies:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(b"<!doctype html>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def files(directory: Path) -> Iterator[str]:
    """Serve a directory for the length of the block; gives the origin."""
    with _serving(partial(Files, directory=str(directory))) as origin:
        yield origin


@contextmanager
def blank(cookies: list[str]) -> Iterator[str]:
    """Serve an empty page for the length of the block; gives the origin.

    Args:
        cookies: What it sets, as it is when the page is asked for.
    """
    with _serving(type("BlankWithCookies", (Blank,), {"cookies": cookies})) as origin:
        yield origin


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Run a browser for the length of the block.

    Args:
        arguments: More of its command line.
    """
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", *arguments],
            timeout=PATIENCE_MS,
        )
        yield browser
        browser.close()


@contextmanager
def _serving(handler: "type[BaseHTTPRequestHandler] | partial[Files]") -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()

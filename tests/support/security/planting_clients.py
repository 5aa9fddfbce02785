"""Secrets planted in clients: WebSockets, the Python client, the command ``cauce``."""

import base64
import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from cauce.client import Assign, Consumer, Producer, Start
from cauce.client.http import HttpClient
from tests.support.node import MAIN, ROOT, NodeProcess
from tests.support.run_cli import run_cli_over_network
from tests.support.security.canaries import Canaries


async def sockets(node: NodeProcess, canaries: Canaries) -> None:
    """Plant one in each way to log in to a WebSocket, and in frames that are none."""
    wrong = canaries.new("wrong credential of a WebSocket")
    packed = base64.urlsafe_b64encode(wrong.encode()).decode().rstrip("=")
    address = node.url.replace("http", "ws") + "/v3/ws"
    frames = [
        {"type": "auth", "token": wrong},
        {"type": "auth", "token": [wrong]},
        {"type": wrong},
        {"type": "auth", "id": 1, "password": wrong},
    ]
    for frame in (*(json.dumps(one) for one in frames), wrong, f'{{"type":"auth","token":"{wrong}'):
        async with connect(address) as client:
            await client.send(frame)
            try:
                async for answer in client:
                    canaries.look_in("WebSocket", answer)
            except WebSocketException as closed:
                canaries.look_in("WebSocket", str(closed))
    attempts: list[dict[str, Any]] = [
        {"uri": f"{address}?ticket={wrong}"},
        {"uri": f"{address}?access_token={wrong}"},
        {"additional_headers": {"Authorization": f"Bearer {wrong}"}},
        {"additional_headers": {"Authorization": wrong}},
        {"additional_headers": {"Cookie": f"cauce_session={wrong}", "Origin": node.url}},
        {"subprotocols": ["cauce.v1.json", f"bearer.{packed}"]},
        {"subprotocols": ["cauce.v1.json", f"bearer.{wrong}."]},
        {"subprotocols": [f"cauce.bearer.{wrong}"]},
    ]
    for attempt in attempts:
        try:
            async with connect(**{"uri": address, "open_timeout": 20, **attempt}) as client:
                await client.close()
        except WebSocketException as refused:
            canaries.look_in("WebSocket", str(refused))


def told_of(attempt: Callable[[], object]) -> str:
    """Return all that a program may print of what it is told."""
    try:
        return repr(attempt())
    except Exception as error:  # noqa: BLE001 - whatever comes is looked through
        return "\n".join([*traceback.format_exception(error), repr(error), str(error)])


def python_clients(node: NodeProcess, canaries: Canaries, log: pytest.LogCaptureFixture) -> None:
    """Log in wrongly by the Python client, with every logger as talkative as it can be."""
    wrong = canaries.new("wrong credential of the Python client")
    log.set_level(logging.DEBUG)
    log.clear()
    assign = Assign(partitions=[Start("t")])
    inside = node.url.replace("//", f"//erin:{wrong}@")
    logins: list[dict[str, Any]] = [
        {"api_key": wrong},
        {"api_key": f"{wrong} {wrong}"},
        {"token": f"a.{wrong}.c"},
        {"basic": ("erin", wrong)},
        {"basic": ("a:b", wrong)},
        {"basic": (wrong,)},
        {"api_key": wrong, "token": wrong},
        {"pass_word": wrong},
    ]
    for url in (node.url, "http://10.255.255.255:1", inside, inside.replace(str(node.port), "1")):
        for login in logins if url == node.url else logins[3:4] if "10." in url else [{}]:

            def produce(url: str = url, login: Any = login) -> object:
                with Producer(url, **login) as client:
                    return client

            def consume(url: str = url, login: Any = login) -> object:
                with Consumer(assign, url, **login) as client:
                    return client

            canaries.look_in("Python client", told_of(produce) + told_of(consume))
            canaries.look_in(
                "Python client",
                told_of(lambda url=url, login=login: HttpClient(url, **login).get("/v3/clusters")),
            )
    assert "cauce.client" in log.text
    canaries.look_in("log of the Python client", log.text)
    log.set_level(logging.NOTSET)


def command_line(node: NodeProcess, canaries: Canaries, tmp_path: Path) -> None:
    """Give the command one in each way that it takes one."""
    wrong = canaries.new("wrong credential of the command line")
    file = tmp_path / "wrong"
    file.write_text(f"{wrong}\n")
    inside = node.url.replace("//", f"//frank:{wrong}@")
    for command in (("topic", "list"), ("consume", "t"), ("token", "get"), ("user", "list")):
        for login in (
            ("--api-key", wrong),
            ("--api-key-file", str(file)),
            ("--user", "frank", "--password-file", str(file)),
            ("--url", inside),
            ("--url", inside.replace(str(node.port), "1")),
            ("--api-key", wrong, "--user", "frank"),
        ):
            ran = run_cli_over_network(node.url, *command, *login)
            assert ran.status != 0
            canaries.look_in(f"cauce {' '.join(command)}", ran.stderr + ran.stdout.decode())
    file.unlink()
    options = ["serve", "--data-dir", str(tmp_path / "none"), "--log-level", "debug"]
    options += ["--http-port", "0", "--kafka-port", "0"]
    unreachable = f"postgresql://frank:{wrong}@127.0.0.1:1/cauce?password={wrong}"
    for flags, url in (
        ([], unreachable),
        (["--database-url", f"postgresql+psycopg://frank:{wrong}@127.0.0.1:1x/cauce"], unreachable),
    ):
        ran = subprocess.run(
            [sys.executable, "-c", MAIN, *options, *flags],
            env={**os.environ, "CAUCE_DATABASE_URL": url},
            capture_output=True,
            cwd=ROOT,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 1, ran
        assert b"database" in ran.stderr
        canaries.look_in("cauce serve", ran.stdout + ran.stderr)

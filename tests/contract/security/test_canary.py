"""A secret put into every place that takes one is found in no other.

One node, as talkative as it can be, is told secrets by its settings and at each of its doors,
rightly and wrongly; then it ends in a crash. They are looked for in what it wrote to its terminal,
in every byte of its data directory, in its answers, its audit log and each ``GET`` of its OpenAPI
document.
"""

import asyncio
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.security.routes import PARAMETERS
from tests.support.node import NodeProcess
from tests.support.ports import free_port
from tests.support.security.canaries import Canaries
from tests.support.security.lasting import HERE, admin_secret
from tests.support.security.planting_clients import command_line, python_clients, sockets
from tests.support.security.planting_http import (
    Asking,
    configs_and_contracts,
    users_and_keys,
    wrong_bodies,
    wrong_headers,
    wrong_proof_over_http,
)
from tests.support.security.planting_kafka import administration_over_kafka, wrong_kafka_logins

pytestmark = pytest.mark.slow


@pytest.fixture
def canaries() -> Canaries:
    """None yet."""
    return Canaries()


@pytest.fixture
def talkative(
    tmp_path: Path, canaries: Canaries, monkeypatch: pytest.MonkeyPatch
) -> Iterator[NodeProcess]:
    """A closed node whose settings hold secrets, and which says all that it can."""
    directory = tmp_path / "data"
    database = f"sqlite:///file:{tmp_path}/meta.db?uri=true&secret={canaries.new('database URL')}"
    provider = f"http://127.0.0.1:{free_port()}/keys?key={canaries.new('URL of a provider')}"
    for name, value in {
        "DATABASE_URL": database,
        "SASL_OAUTHBEARER_JWKS_ENDPOINT_URL": provider,
        "SASL_OAUTHBEARER_EXPECTED_ISSUER": "https://issuer.example",
        "SASL_OAUTHBEARER_EXPECTED_AUDIENCE": "cauce",
        "AUTHENTICATION": "required",
        "LOG_LEVEL": "debug",
        "CONNECTION_FAILED_AUTHENTICATION_DELAY_MS": "0",
        "AUDIT_CATEGORIES": "authentication,denied,admin,produce,consume",
    }.items():
        monkeypatch.setenv(f"CAUCE_{name}", value)
    monkeypatch.setenv("PYTHONFAULTHANDLER", "1")
    node = NodeProcess(directory)
    node.start()
    yield node
    if node.process is not None and node.process.poll() is None:
        node.kill()


def every_get(ask: Asking) -> int:
    """Ask for all that can be got, as the administrator; return how much it was."""
    document = ask.client.get("/openapi.json").json()
    names = PARAMETERS | {
        "topic_name": "t",
        "subject": "s",
        "user_name": "alice",
        "name": "retention.ms",
    }
    count = 0
    for path, methods in document["paths"].items():
        if "get" not in methods:
            continue
        url = re.sub(r"\{(\w+)\}", lambda found: names[found.group(1)], path)
        ask.canaries.look_in(f"GET {path}", got(ask, url))
        count += 1
    ask.canaries.look_in("topic", got(ask, f"{HERE}/topics/_audit_log/records?from=earliest"))
    return count


def got(ask: Asking, url: str) -> bytes:
    """Return what comes; of a stream what comes within a moment, for it has no end."""
    text = b""
    patience_s = 1 if url.endswith(":stream") else 30
    try:
        with ask.client.stream("GET", url, auth=ask.auth, timeout=patience_s) as answer:
            for piece in answer.iter_bytes():
                text += piece
    except httpx.ReadTimeout:
        pass
    return text


def crashed(node: NodeProcess) -> None:
    assert node.process is not None
    node.process.send_signal(signal.SIGABRT)
    node.process.wait(timeout=60)


BELONGS = {
    "sensitive property of a schema": ("GET /", "file meta.db", "file schemas"),
    "parameter of a rule": ("GET /", "file meta.db"),
    "password of the administrator": ("file data/admin.secret",),
}
"""Where a secret is kept and shown; those of the registry are its readers' (docs/security.md)."""


def test_a_secret_is_found_nowhere_but_where_it_was_put(
    talkative: NodeProcess,
    canaries: Canaries,
    caplog: pytest.LogCaptureFixture,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    node, ask = talkative, Asking(talkative, canaries)
    canaries.add("password of the administrator", admin_secret(node))
    topic = {"topic_name": "t", "partitions_count": 1}
    assert ask("POST", f"{HERE}/topics", json=topic).is_success
    users_and_keys(ask)
    wrong_bodies(ask)
    wrong_headers(ask, node)
    wrong_proof_over_http(ask)
    asyncio.run(sockets(node, canaries))
    asyncio.run(wrong_kafka_logins(node, canaries))
    asyncio.run(administration_over_kafka(node, canaries))
    configs_and_contracts(ask)
    python_clients(node, canaries, caplog)
    command_line(node, canaries, tmp_path_factory.mktemp("elsewhere"))
    assert every_get(ask) > 60
    time.sleep(1)
    assert node.process is not None
    command = Path(f"/proc/{node.process.pid}/cmdline").read_bytes()
    canaries.look_in("command line", command)
    crashed(node)

    canaries.look_in("log", node.log)
    audited = Path(node.directory, "audit.log").read_text()
    assert "Fatal Python error: Aborted" in node.log
    assert "Traceback" not in node.log
    assert "DEBUG" in node.log, "it is talkative"
    for path in Path(node.directory.parent).rglob("*"):
        if path.is_file() and path != node.directory.with_suffix(".log"):
            canaries.look_in(f"file {path.relative_to(node.directory.parent)}", path.read_bytes())
    failed = sum('"UNAUTHENTICATED"' in line for line in audited.splitlines())
    assert failed > 100, "what was tried came to be judged"
    assert len(canaries) >= 25
    assert canaries.found(BELONGS) == []

"""docs/secure-a-node.md, as a new user types it, on a node whose clients must log in."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cauce.client import Assign, Consumer, Producer, Refused, Start
from tests.support.node import MAIN, ROOT, NodeProcess

pytestmark = pytest.mark.slow

PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    directory = tmp_path_factory.mktemp("first") / "data"
    node = NodeProcess(directory, "--authentication", "required")
    node.start()
    yield node
    assert node.stop() == 0


class Shell:
    """Types commands, with some login in the environment."""

    def __init__(self, node: NodeProcess, **login: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CAUCE_")}
        self.environment = {**kept, "CAUCE_URL": node.url, **login}

    def cauce(self, *arguments: str, stdin: str = "", status: int = 0) -> str:
        """Run a command, which ends with this status; return all that it says."""
        ran = subprocess.run(
            [sys.executable, "-c", MAIN, *arguments],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=self.environment,
            timeout=PATIENCE_S,
            check=False,
        )
        assert ran.returncode == status, ran.stdout
        return ran.stdout

    def curl(self, url: str, key: str) -> str:
        """Return the status of a GET with a key."""
        command = ["curl", "-s", "-o", os.devnull, "-w", "%{http_code}", "-H"]
        return subprocess.run(
            [*command, f"Authorization: Bearer {key}", url],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        ).stdout


def test_from_the_first_start_to_a_key_that_is_revoked(node: NodeProcess, tmp_path: Path) -> None:
    secret = node.directory / "admin.secret"
    admin = Shell(node, CAUCE_USER="admin", CAUCE_PASSWORD_FILE=str(secret))
    nobody = Shell(node)

    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert node.log.count(str(secret)) == 2  # the warning, and what to type next
    assert "Log in with --api-key-file" in nobody.cauce("topic", "list", status=1)
    admin.cauce("topic", "create", "orders")
    admin.cauce("user", "create", "app", "--no-password")
    key = admin.cauce("key", "create", "app", "--expires-in", "90d", "--quiet").strip()
    key_id = key.split("_")[1]
    (tmp_path / "app.key").write_text(f"{key}\n")
    app = Shell(node, CAUCE_API_KEY_FILE=str(tmp_path / "app.key"))

    assert "not authorized" in app.cauce("produce", "orders", stdin="too early\n", status=1)
    admin.cauce(
        *("acl", "create", "--principal", "User:app", "--resource", "topic:orders"),
        *("--operation", "read", "--operation", "write"),
    )
    app.cauce("produce", "orders", stdin="a record\n")
    records = f"{node.topics}/orders/records"
    assert app.curl(records, key) == "200"
    assert "cauce acl create" in app.cauce("user", "list", status=1)

    assert app.cauce("consume", "orders", "--quiet") == "a record\n"
    with Producer(node.url, api_key=key) as producer:
        producer.produce("orders", b"another")
    with Consumer(
        Assign(partitions=[Start("orders", last=1)], until="end"), node.url, api_key=key
    ) as found:
        assert [record.value for record in found] == [b"another"]

    token = app.cauce("token", "get", "--quiet").strip()
    assert app.curl(records, token) == "200"

    admin.cauce("key", "revoke", key_id, "--yes")

    with pytest.raises(Refused), Producer(node.url, api_key=key):
        pass
    assert (app.curl(records, key), app.curl(records, token)) == ("401", "401")
    refused = app.cauce("produce", "orders", stdin="too late\n", status=1)
    assert "was revoked" in refused
    whole = node.log + refused + admin.cauce("key", "list")
    assert key not in whole
    assert secret.read_text().strip() not in whole


def test_a_node_that_others_reach_does_not_start_open(tmp_path: Path) -> None:
    options = ("--data-dir", str(tmp_path / "data"), "--host", "0.0.0.0")
    ran = subprocess.run(
        [sys.executable, "-c", MAIN, "serve", *options, "--authentication", "none"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "--authentication required" in ran.stderr
    assert not (tmp_path / "data").exists()

"""Kafka's own tools: one makes a delegation token, another logs in with it until it has ended."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.client_programs import POM, classpath
from tests.support.node import MAIN, NodeProcess

pytestmark = pytest.mark.slow

QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A running node whose clients must log in."""
    node = NodeProcess(tmp_path_factory.mktemp("node") / "data", "--authentication", "required")
    node.start()
    yield node
    assert node.stop() == 0


def client_file(path: Path, user: str, password: str, more: str = "") -> Path:
    login = f'username="{user}" password="{password}"{more}'
    path.write_text(
        "security.protocol=SASL_PLAINTEXT\n"
        "sasl.mechanism=SCRAM-SHA-512\n"
        "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required "
        f"{login};\n"
        "default.api.timeout.ms=20000\nrequest.timeout.ms=20000\n"
    )
    return path


def run_tool(
    node: NodeProcess, jars: str, tool: str, config: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    command = ["java", *QUICK, "-cp", jars, f"org.apache.kafka.tools.{tool}"]
    command += ["--bootstrap-server", node.bootstrap, "--command-config", str(config)]
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def test_a_token_is_made_used_and_ended(closed: NodeProcess, tmp_path: Path) -> None:
    jars = classpath(POM, tmp_path)
    secret = Path(closed.directory, "admin.secret").read_text().strip()
    admin = client_file(tmp_path / "admin.properties", "admin", secret)

    def run(tool: str, config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_tool(closed, jars, tool, config, *arguments)

    def tokens(*arguments: str) -> str:
        ran = run("DelegationTokenCommand", admin, *arguments)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    made = tokens("--create", "--max-life-time-period", "-1", "--renewer-principal", "User:bob")
    found = re.search(r"^(\S{22})\s+(\S{88})\s+User:admin\s+User:admin\s.*User:bob", made, re.M)
    assert found is not None, made
    token_id, hmac = found.groups()
    assert hmac in tokens("--describe", "--owner-principal", "User:admin")
    tokens("--renew", "--renew-time-period", "-1", "--hmac", hmac)
    by_token = client_file(tmp_path / "token.properties", token_id, hmac, ' tokenauth="true"')

    listed = run("TopicCommand", by_token, "--create", "--topic", "by-token")

    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert "by-token" in run("TopicCommand", by_token, "--list").stdout
    more = run("DelegationTokenCommand", by_token, "--create", "--max-life-time-period", "-1")
    assert "not allowed" in more.stdout + more.stderr, "no token makes tokens"

    tokens("--expire", "--expiry-time-period", "-1", "--hmac", hmac)

    refused = run("TopicCommand", by_token, "--list")
    assert "Authentication failed." in refused.stdout + refused.stderr
    assert refused.returncode == 1


def test_a_token_of_the_command_line_logs_a_client_in_until_it_is_ended(
    closed: NodeProcess, tmp_path: Path
) -> None:
    jars = classpath(POM, tmp_path)

    def cauce(*arguments: str) -> str:
        login = {
            "CAUCE_URL": closed.url,
            "CAUCE_USER": "admin",
            "CAUCE_PASSWORD_FILE": str(closed.directory / "admin.secret"),
        }
        command = [sys.executable, "-c", MAIN, "delegation-token", *arguments]
        return subprocess.run(
            command, env=os.environ | login, capture_output=True, text=True, timeout=60, check=True
        ).stdout

    config = tmp_path / "job.properties"
    config.write_text(
        "security.protocol=SASL_PLAINTEXT\ndefault.api.timeout.ms=20000\nrequest.timeout.ms=20000\n"
        + cauce("create", "--renewer", "User:bob", "--max-lifetime", "1h", "--properties")
    )
    (token,) = [json.loads(line) for line in cauce("list", "--json").splitlines()]
    assert (token["owner"], token["renewers"]) == ("User:admin", ["User:bob"])
    assert token["max_at_ms"] == token["issued_at_ms"] + 3_600_000
    listed = run_tool(closed, jars, "TopicCommand", config, "--list")
    assert listed.returncode == 0, listed.stdout + listed.stderr

    cauce("renew", token["token_id"], "--period", "30m")
    cauce("expire", token["token_id"], "--yes")

    assert cauce("list", "--json") == ""
    refused = run_tool(closed, jars, "TopicCommand", config, "--list")
    assert "Authentication failed." in refused.stdout + refused.stderr

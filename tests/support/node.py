"""A node in a process of its own, which may be killed and started again."""

import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
MAIN = "from cauce.cli.main import main; main()"
START_SECONDS_MAX = 30.0


class NodeProcess:
    """Starts a node on a free port; the port stays the same over restarts."""

    def __init__(
        self,
        directory: Path,
        *options: str,
        prelude: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare a node.

        Args:
            directory: Its data directory.
            options: More flags.
            prelude: Python that its process runs first, to plant a fault.
            tls: How its HTTP door is spoken to, if over TLS.
        """
        self.tls = tls
        self.directory = directory
        self.options = options
        self.prelude = prelude
        self.port = 0
        self.kafka_port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._log_path = directory.parent / f"{directory.name}.log"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"

    @property
    def bootstrap(self) -> str:
        """Where it answers clients of the Kafka protocol."""
        return f"127.0.0.1:{self.kafka_port}"

    @property
    def topics(self) -> str:
        """The URL of its topics."""
        return f"{self.url}/v3/clusters/-/topics"

    @property
    def log(self) -> str:
        """What it wrote to stderr and stdout."""
        return self._log_path.read_text()

    def start(self) -> None:
        """Start it and wait until it is ready."""
        if self.port == 0:
            self.port = free_port()
            self.kafka_port = free_port()
        arguments = ["serve", "--data-dir", str(self.directory), "--http-port", str(self.port)]
        with self._log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-c", f"{self.prelude}\n{MAIN}", *arguments),
                    *("--kafka-port", str(self.kafka_port), *self.options),
                ],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self._is_ready():
            assert self.process.poll() is None, f"the node ended: {self.log[-2000:]}"
            assert time.monotonic() < deadline, "the node is not ready in time"
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a power switch would, as far as the process goes."""
        assert self.process is not None, "not started"
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end and return its exit status."""
        assert self.process is not None, "not started"
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=START_SECONDS_MAX)

    def create_topic(self, name: str, partitions: int, **configs: str) -> None:
        """Create a topic."""
        wanted: dict[str, Any] = {"topic_name": name, "partitions_count": partitions}
        wanted["configs"] = [{"name": key, "value": value} for key, value in configs.items()]
        answer = httpx.post(self.topics, json=wanted)
        assert answer.status_code == 201, answer.text

    def _is_ready(self) -> bool:
        try:
            return (
                httpx.get(f"{self.url}/readyz", timeout=2, verify=self.tls or True).status_code
                == 200
            )
        except httpx.TransportError:
            return False

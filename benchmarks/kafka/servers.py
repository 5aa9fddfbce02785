"""The two servers under test, each in a process of its own: Cauce, and Apache Kafka in KRaft."""

import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
JARS = ROOT / "build" / "kafka-peer"
"""Kept between runs; ``make clean`` removes it."""

JAVA_HEAP = "1g"
"""What Kafka's own start script gives a broker."""

START_SECONDS_MAX = 60.0
CLUSTER_ID = "AAAAAAAAAAAAAAAAAAAAAQ"
NEVER = str((1 << 63) - 1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Return whether a Kafka server at the port answers ApiVersions."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            request = struct.pack(">hhih", 18, 0, 1, -1)
            connection.sendall(struct.pack(">i", len(request)) + request)
            return len(connection.recv(16)) >= 8
    except OSError:
        return False


class Server:
    """A server process; subclasses say how to start it."""

    name = ""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.ready_seconds = 0.0

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        raise AssertionError("a server says how it is started")

    def topic_configs(self, *, fsync: bool) -> dict[str, str]:
        """Return the configs of a topic whose acknowledgements mean fsync, or not."""
        return {"flush.messages": "1" if fsync else NEVER}

    def start(self) -> None:
        began = time.perf_counter()
        with (self.directory / f"{self.name}.log").open("wb") as log:
            self.process = subprocess.Popen(self.command(), cwd=ROOT, stdout=log, stderr=log)
        while not answers(self.port):
            assert self.process.poll() is None, f"{self.name} ended: see its log"
            assert time.perf_counter() - began < START_SECONDS_MAX, f"{self.name} is not ready"
            time.sleep(0.01)
        self.ready_seconds = time.perf_counter() - began

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def resident_mb(self) -> float:
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def cpu_seconds(self) -> float:
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Cauce(Server):
    """This project."""

    name = "cauce"

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-c", "from cauce.cli.main import main; main()", "serve"),
            *("--data-dir", str(self.directory / "cauce")),
            *("--http-port", str(free_port()), "--kafka-port", str(self.port)),
        ]


class ApacheKafka(Server):
    """One KRaft node with its defaults, as far as one node allows."""

    name = "kafka"

    def command(self) -> list[str]:
        return [
            *("java", f"-Xms{JAVA_HEAP}", f"-Xmx{JAVA_HEAP}", "-XX:+UseG1GC", "-cp", f"{JARS}/*"),
            *("kafka.Kafka", str(self.directory / "kafka.properties")),
        ]

    def start(self) -> None:
        controller = free_port()
        properties = self.directory / "kafka.properties"
        properties.write_text(
            f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://{self.bootstrap}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={self.directory / "kafka"}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
"""
        )
        command = ["java", "-cp", f"{JARS}/*", "kafka.tools.StorageTool", "format"]
        command += ["-t", CLUSTER_ID, "-c", str(properties)]
        subprocess.run(command, check=True, capture_output=True)
        super().start()


def fetch_jars() -> bool:
    """Get Apache Kafka by Maven; return whether it is there."""
    if JARS.exists() and any(JARS.glob("kafka_*.jar")):
        return True
    if shutil.which("mvn") is None or shutil.which("java") is None:
        return False
    print("getting Apache Kafka by Maven", flush=True)
    command = ["mvn", "-q", "-B", "-f", str(Path(__file__).with_name("pom.xml"))]
    command += ["dependency:copy-dependencies", f"-DoutputDirectory={JARS}"]
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0

"""The programs of clients in other languages: made once, then run as often as a test likes.

Each is ``tests/clients/programs``' one of its language; its first argument says what it does.
"""

import fcntl
import shutil
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path

from tests.support.node import ROOT

PROGRAMS = ROOT / "tests" / "clients" / "programs"
POM = ROOT / "tests" / "clients" / "kafka-tools" / "pom.xml"
REGISTRY_POM = ROOT / "tests" / "clients" / "registry-client" / "pom.xml"
PATIENCE_S = 600
"""The first run fetches and compiles."""


class ClientPrograms:
    """How to run each of them."""

    def __init__(self, directory: Path) -> None:
        """Make them in a directory, each when it is first asked for."""
        self._directory = directory

    @cached_property
    def java(self) -> tuple[str, ...]:
        """Apache Kafka's own client."""
        return self._java(POM, "Client", "NextGeneration")

    @cached_property
    def java_next_generation(self) -> tuple[str, ...]:
        """The same client as members of groups of KIP-848."""
        return (*self.java[:-1], "NextGeneration")

    @cached_property
    def java_logins(self) -> tuple[str, ...]:
        """The same client, logging in by each mechanism."""
        return self._java(POM, "Logins")

    @cached_property
    def java_registry(self) -> tuple[str, ...]:
        """Confluent's client of registries."""
        return self._java(REGISTRY_POM, "RegistryClient")

    @cached_property
    def kafkajs(self) -> tuple[str, ...]:
        """KafkaJS, from npm."""
        return ("node", str(PROGRAMS / "kafkajs.cjs"))

    @cached_property
    def franz_go(self) -> tuple[str, ...]:
        """franz-go; only where Go is."""
        binary = self._directory / "franz-go"
        _make("go", "build", "-o", str(binary), ".", directory=PROGRAMS / "franz_go")
        return (str(binary),)

    def _java(self, pom: Path, *names: str) -> tuple[str, ...]:
        """Compile programs with what a POM names; return how the first one is run."""
        jars, classes = classpath(pom, self._directory), self._directory / "classes"
        sources = [str(PROGRAMS / f"{name}.java") for name in names]
        _make("javac", "-cp", jars, "-d", str(classes), *sources)
        quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m")
        return ("java", *quick, "-cp", f"{classes}:{jars}", names[0])


HAS_GO = shutil.which("go") is not None


def classpath(pom: Path, directory: Path) -> str:
    """Fetch what a POM names and return where it is; a directory keeps Maven's answer."""
    path = directory / "classpath"
    goal = ("dependency:build-classpath", f"-Dmdep.outputFile={path}")
    _make("mvn", "-q", "-B", "-f", str(pom), *goal)
    return path.read_text()


def _make(*command: str, directory: Path = ROOT) -> None:
    with (Path(tempfile.gettempdir()) / "cauce-tests-make.lock").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)  # Maven's repository is not made for two
        ran = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr

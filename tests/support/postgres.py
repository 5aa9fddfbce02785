"""A real PostgreSQL server for one test run, on a spare port, in a temporary directory."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert found, "the tests need a PostgreSQL server: install Debian's package postgresql"
    return found[-1].parent


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a server for the length of the block and give its URL."""
    binaries = _binaries()
    directory = Path(tempfile.mkdtemp(prefix="postgresql-"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(directory, "postgres")
    port = free_port()
    data = directory / "data"

    def call(*command: object) -> None:
        arguments = [*as_user, *map(str, command)]
        subprocess.run(arguments, check=True, cwd=directory, stdout=subprocess.DEVNULL)

    control = (binaries / "pg_ctl", "-D", data, "-w")
    call(binaries / "initdb", "-D", data, "-U", "cauce", "-A", "trust", "-E", "UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={directory}"
    call(*control, "-l", directory / "log", "-o", options, "start")
    try:
        yield f"postgresql://cauce@127.0.0.1:{port}/postgres"
    finally:
        call(*control, "-m", "immediate", "stop")
        shutil.rmtree(directory)

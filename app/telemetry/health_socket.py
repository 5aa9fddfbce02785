"""Health socket: whether the node is ready, said to who is on the same machine.

A probe over HTTP needs the port, and what the door asks for: TLS, a client's certificate, which no
``HEALTHCHECK`` has. So the node answers on a Unix socket in its data directory too, to its owner
alone: one line for each connection, ``ready`` or why it is not. While nobody answers there is no
node, or one that hangs.

Invariants:
    The data directory's lock is held, so a socket that is there already is of a node that is gone.
Called by: main. Asked by: ``cauce health``.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_logger = logging.getLogger(__name__)

FILE = "health.sock"
READY = "ready"
SEND_SECONDS_MAX = 5.0


class HealthSocket:
    """Answers whoever connects."""

    def __init__(self, data_dir: Path, problem: Callable[[], str | None]) -> None:
        """Answer nobody yet.

        Args:
            data_dir: Where the socket is to be.
            problem: Returns why the node is not ready; None if it is.
        """
        self._data_dir = data_dir
        self._problem = problem

    async def run(self) -> None:
        """Answer until cancelled; a node does without where there can be no socket."""
        path = self._data_dir / FILE
        # a socket's name has 107 bytes at the most, a data directory's may have more
        directory = os.open(self._data_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with suppress(FileNotFoundError):
                path.unlink()
            server = await asyncio.start_unix_server(
                self._answer, f"/proc/self/fd/{directory}/{FILE}", start_serving=False
            )
            path.chmod(0o600)  # before anybody can connect
            async with server:
                await server.serve_forever()
        except OSError as error:
            _logger.warning("no health socket in %s: %s", self._data_dir, error)
        finally:
            with suppress(OSError):
                path.unlink()
            os.close(directory)

    async def _answer(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        problem = self._problem()
        line = READY if problem is None else " ".join(problem.split())
        try:
            writer.write(line.encode() + b"\n")
            async with asyncio.timeout(SEND_SECONDS_MAX):
                await writer.drain()
        except OSError:
            pass  # it left, or does not read: TimeoutError is an OSError
        finally:
            writer.close()

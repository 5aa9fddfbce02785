"""Floors: what the machine gives to who does nothing else."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def append_and_sync(directory: Path, size: int, seconds: float) -> float:
    """Return plain appends with fdatasync a second."""
    took = append_and_sync_times(directory, size, seconds)
    return len(took) / sum(took)


def append_and_sync_times(directory: Path, size: int, seconds: float) -> list[float]:
    """Return how many seconds each plain append with fdatasync took, sorted.

    The file grows from call to call, as a log does: blocks that were freed a moment ago are
    written twice as fast on some disks as those that were never used.
    """
    with (directory / "floor").open("ab", buffering=0) as file:
        data = os.urandom(size)
        took = []
        began = last = time.perf_counter()
        while last - began < seconds:
            file.write(data)
            os.fdatasync(file.fileno())
            now = time.perf_counter()
            took.append(now - last)
            last = now
        return sorted(took)


def pread(path: Path, size: int, seconds: float) -> float:
    """Return bytes/s of plain reads of a file in the page cache, again and again."""
    descriptor = os.open(path, os.O_RDONLY)
    total = position = 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        data = os.pread(descriptor, size, position)
        position = position + len(data) if data else 0
        total += len(data)
    os.close(descriptor)
    return total / (time.perf_counter() - began)


def per_cpu_second(work: Callable[[], object], seconds: float) -> float:
    """Return how often something can be done in a second of the processor's time."""
    turns, spent = 1, 0.0
    while spent < seconds / 4:
        began = time.process_time()
        for _ in range(turns):
            work()
        spent = time.process_time() - began
        turns *= 2
    return turns / 2 / spent


class IdleServer:
    """The same HTTP stack with a route that reads the body and answers as many bytes."""

    def __init__(self, answer_bytes: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        arguments = [str(self.port), str(answer_bytes)]
        self._process = subprocess.Popen([sys.executable, __file__, *arguments])
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except ConnectionRefusedError:
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


async def _serve(port: int, answer_bytes: int) -> None:
    import uvicorn

    from app.api.http_protocol import GuardedHttpProtocol

    body = b"x" * answer_bytes
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % answer_bytes)]

    async def route(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    config = uvicorn.Config(
        route, port=port, http=GuardedHttpProtocol, lifespan="off", log_level="critical"
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    import uvloop

    sys.path.insert(0, str(Path(__file__).parents[1]))
    uvloop.run(_serve(int(sys.argv[1]), int(sys.argv[2])))

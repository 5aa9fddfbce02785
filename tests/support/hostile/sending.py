"""Sends hostile inputs to a node and tells what is wrong with the answers."""

import asyncio
import json
import re
from collections.abc import Iterable
from pathlib import Path

from tests.support.hostile.model import Hostile
from tests.support.hostile.targets import FORGED, INJECTED
from tests.support.node import NodeProcess

AT_ONCE = 32
ANSWER_SECONDS_MAX = 60
ANSWER_BYTES_MAX = 8 << 20

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n")


def resident_bytes(node: NodeProcess) -> int:
    """Return how much memory the node has."""
    assert node.process is not None
    status = Path(f"/proc/{node.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


async def answers_to(port: int, data: bytes, quiet_s: float) -> bytes:
    """Send bytes and return all that comes back.

    A server may end a connection of which it hears that no more comes, and keep the answer to
    itself; so it hears that only when it has said nothing final for a while.

    Args:
        port: Of the server.
        data: All that is sent.
        quiet_s: How long it may wait for more before it is told that there is none.

    Raises:
        TimeoutError: The server neither answers nor ends the connection.
    """
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=ANSWER_BYTES_MAX)
        try:
            writer.write(data)
            reading = asyncio.ensure_future(reader.read(-1))
            await asyncio.wait([reading], timeout=quiet_s)
            if not reading.done():
                writer.write_eof()
            return await reading
        except ConnectionError:
            return b""
        finally:
            writer.transport.abort()


def faults_in(case: Hostile, answer: bytes) -> list[str]:
    """Return what an answer to a hostile input must not be."""
    found = []
    heads = list(_STATUS.finditer(answer)) if answer.startswith(b"HTTP/1.1 ") else []
    if answer and not heads:
        found.append(f"no HTTP: {answer[:80]!r}")
    statuses = [int(one[1]) for one in heads if one.start() == 0 or b"nosniff" in answer]
    if any(status not in case.statuses for status in statuses):
        found.append(f"answered with {statuses}: {answer[:400]!r}")
    if len(statuses) > case.answers_max:
        found.append(f"{len(statuses)} answers: something hidden was answered")
    head = answer.split(b"\r\n\r\n")[0]
    if f"\r\n{INJECTED}:".lower().encode() in head.lower():
        found.append("a header was injected")
    if b"Traceback" in answer or b'.py"' in answer:
        found.append(f"a stack trace: {answer[:400]!r}")
    return found + _shape(statuses, answer)


def _shape(statuses: list[int], answer: bytes) -> list[str]:
    """Return whether the one answer that there is lacks headers or the shape of an error."""
    if len(statuses) != 1:
        return []
    head, _, body = answer.partition(b"\r\n\r\n")
    if statuses[0] >= 200 and b"\r\nx-content-type-options: nosniff" not in head.lower():
        return [f"no security headers: {head!r}"]
    if statuses[0] < 400 or b"transfer-encoding" in head.lower() or not body:
        return []
    try:
        return [] if {"error_code", "message"} <= json.loads(body).keys() else [f"{body[:200]!r}"]
    except ValueError:
        return [f"an error that is no JSON: {answer[:300]!r}"]


async def send_all(
    node: NodeProcess, cases: Iterable[Hostile], quiet_s: float
) -> tuple[int, int, list[str]]:
    """Send all of them, some at once.

    Returns:
        How many there were, how many were answered, and all that is wrong.
    """
    waiting = iter(cases)
    faults: list[str] = []
    count = answered = 0

    async def send() -> None:
        nonlocal count, answered
        for case in waiting:
            count += 1
            try:
                answer = await answers_to(node.port, case.data, quiet_s)
            except TimeoutError:
                faults.append(f"{case.name}: neither answered nor ended")
                continue
            answered += bool(answer)
            faults.extend(f"{case.name}: {one}" for one in faults_in(case, answer))

    await asyncio.gather(*(send() for _ in range(AT_ONCE)))
    return count, answered, faults


def faults_in_log(log: str) -> list[str]:
    """Return lines of a log that hostile input wrote, or that tell of a failure of ours."""
    found = [one for one in log.splitlines() if one.lstrip().startswith(FORGED)]
    if "\x1b" in log:
        found.append("an escape sequence of a terminal is in the log")
    if "Traceback" in log:
        found.append(log[log.index("Traceback") :][:3_000])
    return found

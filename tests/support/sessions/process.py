"""A node in a process of its own whose session is driven line by line, and which may be killed.

Each line on stdin is a call as JSON, each line on stdout its answer. No door is in between, so the
calls are those that doors make.
Run as ``python -m tests.support.sessions.process DIRECTORY``.
"""

import asyncio
import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from app import wiring
from app.broker.context import BrokerContext
from app.broker.errors import BrokerError
from app.broker.produce import produce
from app.broker.topics import NewTopic, create_topic
from app.consumers.model import (
    OffsetReset,
    OffsetToCommit,
    Position,
    SessionSettings,
    Subscription,
    TopicPartition,
)
from app.consumers.sessions import Sessions, SessionsLimits
from app.security.principal import ANONYMOUS
from app.settings import Settings
from app.wiring import running_node

ROOT = Path(__file__).parents[2]
GROUP, NAME, TOPIC = "g", "n", "t"
PARTITIONS = 2
WAIT_SECONDS = 60


class Calls:
    """What a line may ask for."""

    def __init__(self, context: BrokerContext, sessions: Sessions) -> None:
        self._context = context
        self._sessions = sessions

    async def begin(self) -> None:
        """Make the topic, if it is not there."""
        if TOPIC not in self._context.image.topics:
            new = NewTopic(name=TOPIC, partition_count=PARTITIONS)
            await create_topic(self._context, ANONYMOUS, new)

    async def produce(self, partition: int, count: int) -> None:
        """Append records."""
        records = [((0, None, b"x" * 100, ()), partition) for _ in range(count)]
        await produce(self._context, ANONYMOUS, TOPIC, records)

    async def create(self, **settings: Any) -> None:
        """Make the session."""
        reset = settings.pop("auto_offset_reset", "latest")
        made = SessionSettings(
            group=GROUP,
            name=NAME,
            is_durable=True,
            auto_offset_reset=OffsetReset(reset),
            **settings,
        )
        await self._sessions.create(made, ANONYMOUS)

    async def subscribe(self) -> None:
        """Subscribe it."""
        session = await self._sessions.get(GROUP, NAME, ANONYMOUS)
        await session.subscribe(Subscription(topics=(TOPIC,)))

    async def poll(self, max_records: int) -> list[tuple[int, int, int]]:
        """Return partition, first and next offset of what is handed out."""
        session = await self._sessions.get(GROUP, NAME, ANONYMOUS)
        assert await session.settled(WAIT_SECONDS)
        polled = await session.poll(max_records=max_records, wait_seconds=0)
        return [(one.partition, one.start_offset, one.next_offset) for one in polled.slices]

    async def commit(self, offsets: dict[str, int]) -> None:
        """Commit."""
        session = await self._sessions.get(GROUP, NAME, ANONYMOUS)
        wanted = {
            TopicPartition(TOPIC, int(one)): OffsetToCommit(offset)
            for one, offset in offsets.items()
        }
        outcomes = await session.commit(wanted)
        assert set(outcomes.values()) <= {0}

    async def seek(self, partition: int, offset: int) -> int:
        """Seek."""
        session = await self._sessions.get(GROUP, NAME, ANONYMOUS)
        return await session.seek([Position(TOPIC, partition, offset)])

    async def generation(self) -> int:
        """Return which generation of its group it is in."""
        session = await self._sessions.get(GROUP, NAME, ANONYMOUS)
        assert await session.settled(WAIT_SECONDS)
        return session._subscriber.identity.generation

    async def delete(self) -> None:
        """End it."""
        await self._sessions.delete(GROUP, NAME, ANONYMOUS)


async def serve(directory: Path) -> None:
    """Answer lines until there are no more."""
    settings = Settings(
        data_dir=directory, group_initial_rebalance_delay_ms=0, offsets_topic_num_partitions=2
    )
    # What is due by itself is looked for all the time.
    wiring.Sessions = partial(Sessions, limits=SessionsLimits(sweep_interval_ms=2))  # type: ignore[assignment,misc]
    async with running_node(settings) as node:
        calls = Calls(node.context, node.sessions)
        await calls.begin()
        lines = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(lines)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        print(json.dumps("ready"), flush=True)
        while line := await lines.readline():
            name, arguments = json.loads(line)
            try:
                answer = {"result": await getattr(calls, name)(**arguments)}
            except BrokerError as error:
                answer = {"error": type(error).__name__}
            print(json.dumps(answer), flush=True)


class SessionProcess:
    """Starts, drives and kills such a process."""

    def __init__(self, directory: Path) -> None:
        """Use a data directory."""
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        command = [sys.executable, "-m", __name__, str(self._directory)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._read() == "ready"

    def call(self, name: str, **arguments: Any) -> Any:
        """Make a call and return its result, or the name of its refusal in brackets."""
        self.ask(name, **arguments)
        answer = self._read()
        assert isinstance(answer, dict), "the process answers"
        return [answer["error"]] if "error" in answer else answer["result"]

    def ask(self, name: str, **arguments: Any) -> None:
        """Make a call and do not wait for its answer."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, arguments]).encode() + b"\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """End it as a power switch would, as far as the process goes."""
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    def _read(self) -> Any:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))

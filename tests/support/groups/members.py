"""Members of a consumer group in processes of their own, and what may not happen to them."""

import json
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).parents[3]
PATIENCE_S = 90.0
"""How long something may take on a machine that does much else; never how long it should."""


class Watched(Protocol):
    """A member, to those who look at what it has seen."""

    name: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What it has seen."""

    def seen(self, what: str) -> list[dict[str, Any]]:
        """Return the lines of one kind."""


class MemberProcess:
    """One member; it may be killed."""

    def __init__(self, directory: Path, kind: str, bootstrap: str, **options: str) -> None:
        """Start it; see ``member`` for the options, and for those of another kind its command."""
        self.name = f"{kind}-{len(list(directory.glob('*.lines')))}"
        self._lines = directory / f"{self.name}.lines"
        self._log = directory / f"{self.name}.log"
        self.process = self._start(self._command(kind, bootstrap, options))

    def _command(self, kind: str, bootstrap: str, options: Mapping[str, str]) -> Sequence[str]:
        module = "tests.support.groups.member"
        return (sys.executable, "-m", module, kind, bootstrap, json.dumps(options))

    def _start(self, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        with self._lines.open("wb") as lines, self._log.open("wb") as log:
            return subprocess.Popen(command, cwd=ROOT, stdout=lines, stderr=log)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What it has seen."""
        text = self._lines.read_text()
        return [json.loads(one) for one in text.splitlines(keepends=True) if one.endswith("\n")]

    def seen(self, what: str) -> list[dict[str, Any]]:
        """Return the lines of one kind."""
        return [one for one in self.lines if one["what"] == what]

    def kill(self) -> None:
        """End it without a word to anybody."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Have it leave, and demand that it ends well."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=PATIENCE_S)
        assert status == 0, f"{self.name} ended with {status}: {self._log.read_text()[-2000:]}"


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Return when something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"{what} in time"
        time.sleep(0.05)


def offsets_got(members: Iterable[Watched]) -> dict[int, set[int]]:
    """Return the offsets that somebody got, by partition."""
    found: dict[int, set[int]] = defaultdict(set)
    for member in members:
        for one in member.seen("got"):
            found[one["partition"]].add(one["offset"])
    return found


def check_commits(members: Iterable[Watched]) -> None:
    """Refuse that a member begins before what had been committed when it got its partitions.

    A commit counts from the moment at which its client said that it was done. A member that has
    lost its partitions and does not know it yet may still be handed records: its commits are
    refused, and it is assigned anew before it goes on.
    """
    lines = [(float(one["at"]), member.name, one) for member in members for one in member.lines]
    lines.sort(key=lambda one: one[0])
    committed: dict[int, int] = defaultdict(int)
    known: dict[str, dict[int, int]] = {}
    for _, name, one in lines:
        if one["what"] == "committed":
            committed[one["partition"]] = max(committed[one["partition"]], one["offset"])
        elif one["what"] == "assigned":
            known[name] = dict(committed)
        elif one["what"] == "got":
            first = known[name].get(one["partition"], 0)
            at = (one["partition"], one["offset"])
            assert at[1] >= first, f"{name} got {at} after {first} had been committed"

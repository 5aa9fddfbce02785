"""A session whose server is killed, between any two calls and in the middle of any.

The session must go on from what is committed, or from where it was sought to or began after that:
nothing committed comes again, nothing is left out. What a kill in the middle of a call leaves open
is kept as a set of places, of which the next poll shows one.
"""

import random
import time
from pathlib import Path

import pytest

from tests.support.sessions.process import PARTITIONS, SessionProcess

pytestmark = pytest.mark.slow

STEPS = 14
START = 5
"""Records that are there before the session begins, at the end of the log."""


class Model:
    """Where the session must go on, after a kill and without one."""

    def __init__(self, *, auto_commit: bool) -> None:
        self.auto_commit = auto_commit
        self.kept = {one: {START} for one in range(PARTITIONS)}
        self.now: dict[int, int | None] = dict.fromkeys(self.kept)
        """The position in this life; None before a poll has shown it."""

        self.end = dict.fromkeys(self.kept, START)

    def killed(self) -> None:
        """The memory is gone."""
        self.now = dict.fromkeys(self.kept)

    def poll_begins(self, *, is_sure: bool) -> None:
        """A poll commits what the poll before has handed out."""
        if self.auto_commit:
            for one, offset in self.now.items():
                if offset is not None:
                    self.keep(one, offset, is_sure=is_sure)

    def polled(self, slices: list[list[int]]) -> None:
        """Check where a poll has begun."""
        for partition, start, after in slices:
            possible = {self.now[partition]} if self.now[partition] is not None else None
            assert start in (possible or self.kept[partition]), (partition, start, self.kept)
            if possible is None:
                self.kept[partition] = {start}
            self.now[partition] = after
        unseen = {one for one, offset in self.now.items() if offset is None}
        for partition in unseen - {one for one, _, _ in slices}:
            # Nothing came: it stands at the end, if the poll had room for more.
            if not slices:
                assert self.end[partition] in self.kept[partition]
                self.kept[partition] = {self.end[partition]}
                self.now[partition] = self.end[partition]

    def keep(self, partition: int, offset: int, *, is_sure: bool) -> None:
        """A place is written down, or perhaps."""
        self.kept[partition] = {offset} if is_sure else self.kept[partition] | {offset}

    def to_commit(self, name: str) -> dict[str, dict[str, int]]:
        """Return the arguments of a commit of what was handed out."""
        assert name == "commit", "the others have arguments"
        known = {str(one): at for one, at in self.now.items() if at is not None}
        return {"offsets": known}

    def sought(self, partition: int, offset: int, *, is_sure: bool) -> None:
        """The session was sent somewhere, or perhaps."""
        self.keep(partition, offset, is_sure=is_sure)
        self.now[partition] = offset


SCRIPT: tuple[tuple[str, dict[str, int]], ...] = (
    ("poll", {"max_records": 9}),  # begins at the end of the log,
    ("produce", {"partition": 0, "count": 12}),  # and there again, though that has moved
    ("poll", {"max_records": 9}),
    ("seek", {"partition": 0, "offset": 1}),
    ("poll", {"max_records": 4}),
)
"""Each with a kill before it and after it."""


@pytest.mark.parametrize("auto_commit", [False, True])
def test_a_session_goes_on_whenever_its_server_is_killed(tmp_path: Path, auto_commit: bool) -> None:
    choose = random.Random(7 + auto_commit)
    process = SessionProcess(tmp_path / "data")
    model = Model(auto_commit=auto_commit)
    settings = {"auto_commit": auto_commit, "auto_commit_interval_ms": 0, "rebalance_wait_ms": 0}
    process.start()
    for partition in range(PARTITIONS):
        process.call("produce", partition=partition, count=START)
    for name, given in (("create", settings), ("subscribe", {})):
        assert process.call(name, **given) is None
        restart(process, model)
    for name, arguments in SCRIPT:
        make(process, model, name, arguments)
        restart(process, model)
    make(process, model, "poll", {"max_records": 4})
    make(process, model, "commit", {})
    restart(process, model)  # what is committed counts now, not where it was sought to
    generation = process.call("generation")
    for _ in range(STEPS):
        name, arguments = any_call(choose, model)
        if choose.random() < 0.4:
            cut_off(process, model, choose, name, arguments)
        else:
            make(process, model, name, arguments)
    last = drain(process, model)

    assert process.call("generation") == generation, "a restart moved the group"
    assert last == model.end
    assert process.call("delete") is None
    restart(process, model)
    assert process.call("poll", max_records=1) == ["SessionNotFound"]
    process.kill()


def any_call(choose: random.Random, model: Model) -> tuple[str, dict[str, int]]:
    """Return one of the calls, with what it needs."""
    partition = choose.randrange(PARTITIONS)
    return choose.choice(
        [
            ("produce", {"partition": partition, "count": choose.randint(1, 20)}),
            ("seek", {"partition": partition, "offset": choose.randint(0, model.end[partition])}),
            ("commit", {}),
            *[("poll", {"max_records": choose.randint(1, 8)})] * 3,
        ]
    )


def make(process: SessionProcess, model: Model, name: str, arguments: dict[str, int]) -> None:
    """Make a call and tell the model."""
    before(model, name, arguments, is_sure=True)
    found = process.call(name, **(arguments or model.to_commit(name)))
    if name == "poll":
        model.polled(found)
    else:
        assert found is None or name == "seek"


def cut_off(
    process: SessionProcess,
    model: Model,
    choose: random.Random,
    name: str,
    arguments: dict[str, int],
) -> None:
    """Make a call and give it a moment; its process is killed then, and starts anew."""
    if name == "produce":
        return
    before(model, name, arguments, is_sure=False)
    process.ask(name, **(arguments or model.to_commit(name)))
    time.sleep(choose.choice([0, 0.0005, 0.001, 0.002, 0.005, 0.02]))
    restart(process, model)


def before(model: Model, name: str, arguments: dict[str, int], *, is_sure: bool) -> None:
    """Tell the model what a call writes, surely or perhaps."""
    if name == "produce":
        model.end[arguments["partition"]] += arguments["count"]
    elif name == "poll":
        model.poll_begins(is_sure=is_sure)
    elif name == "seek":
        model.sought(arguments["partition"], arguments["offset"], is_sure=is_sure)
    else:
        for one, at in model.now.items():
            if at is not None:
                model.keep(one, at, is_sure=is_sure)


def restart(process: SessionProcess, model: Model) -> None:
    """Kill the process and start it again."""
    process.kill()
    model.killed()
    process.start()


def drain(process: SessionProcess, model: Model) -> dict[int, int | None]:
    """Poll until nothing comes any more; return where the session stands."""
    while any(model.now[one] != end for one, end in model.end.items()):
        make(process, model, "poll", {"max_records": 1_000})
    return model.now

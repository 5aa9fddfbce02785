"""Goes through the states that power cuts may leave of a recorded run, and checks each.

Equal disks are opened once; every state is held against the promises of its own moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.support.crashes.crash_model import CrashModel
from tests.support.crashes.log_check import VANISHED, View, Violation, judge, recover
from tests.support.crashes.log_driver import Key
from tests.support.crashes.log_history import LogHistory, Mark, Promises
from tests.support.crashes.memory_disk import Image, MemoryDisk, Operation


@dataclass
class Explored:
    """How much was looked at."""

    states: int = 0
    """Combinations of a moment and of what the disk had kept by then."""

    disks: int = 0
    """Different disks among them: each was opened."""

    operations: int = 0
    again: int = 0
    """Restarts that were cut off themselves, or followed by a second power cut."""


@dataclass
class Explorer:
    """Checks the states of runs that share a way of choosing them."""

    random_count: int = 8
    """States at random a moment, beside the others."""

    again_every: int = 0
    """Look at the power cuts during and after the recovery of every so many-th disk."""

    seed: int = 0
    every: int = 1
    """Look at the moment after every so many-th operation only."""

    is_thorough: bool = True
    """Look at each variant of each file and directory, not only at some together."""

    explored: Explored = field(default_factory=Explored)

    def explore(
        self,
        begin: MemoryDisk,
        trace: list[Operation],
        histories: Mapping[Key, LogHistory],
        promises: Promises | None = None,
    ) -> None:
        """Check the states after every operation of a trace.

        Args:
            begin: The disk before it.
            trace: What was done, with the promises made.
            histories: All batches ever given to each log.
            promises: What stood before.

        Raises:
            Violation: Some promise is not kept.
        """
        model = CrashModel(begin, self.seed)
        found: dict[bytes, dict[Key, View]] = {}
        promised = promises or {}
        later: Promises | None = None
        for number, one in enumerate(trace):
            if isinstance(one.mark, Mark):
                if one.mark.is_looser or later is not None:
                    later = one.mark.promises
                else:
                    promised = one.mark.promises
                continue
            if number % self.every == self.seed % self.every:
                self._check(model, found, promised, histories, number)
            if later is not None:
                promised, later = later, None
            model.apply(one)
            self.explored.operations += 1
        self._check(model, found, promised if later is None else later, histories, len(trace))

    def _check(
        self,
        model: CrashModel,
        found: dict[bytes, dict[Key, View]],
        promised: Promises,
        histories: Mapping[Key, LogHistory],
        number: int,
    ) -> None:
        for state in model.states(self.random_count, is_thorough=self.is_thorough):
            self.explored.states += 1
            views = found.get(state.digest)
            if views is None:
                self.explored.disks += 1
                views = found[state.digest] = self._open(state.image, promised, histories)
            try:
                judge(views, promised)
            except Violation as violation:
                violation.add_note(f"after operation {number}, choices {state.choices}")
                raise

    def _open(
        self, image: Image, promised: Promises, histories: Mapping[Key, LogHistory]
    ) -> dict[Key, View]:
        if self.again_every and self.explored.disks % self.again_every == 0:
            self._cut_again(image, promised, histories)
        return recover(MemoryDisk(image), histories)

    def _cut_again(
        self, image: Image, promised: Promises, histories: Mapping[Key, LogHistory]
    ) -> None:
        """Cut the power during and after the restart on a disk: what it showed must stay."""
        disk = MemoryDisk(image, records=True)
        views = recover(disk, histories, goes_on=False)
        judge(views, promised)
        shown = {
            key: promise._replace(floor=max(promise.floor, views[key].end), tip=views[key].tip)
            for key, promise in promised.items()
        }
        disk.mark(Mark(shown, is_looser=False))
        assert disk.trace is not None
        inner = Explorer(random_count=2, seed=self.seed)
        try:
            inner.explore(MemoryDisk(image), disk.trace, histories, promised)
        except Violation as violation:
            raise Violation(VANISHED, violation) from violation
        self.explored.states += inner.explored.states
        self.explored.disks += inner.explored.disks
        self.explored.again += 1

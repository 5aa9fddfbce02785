"""Compares two models of schemas, pair by pair of nodes, within bounds.

What two nodes differ in is found by the rules (``rules`` and the modules below it), which ask for
the outcome of other pairs and get it here, so that nothing recurses however deep schemas are. A
pair is compared once; its outcome has paths relative to it.

References can lead a pair back to itself. It then counts as compatible, and all outcomes that
rest on this are right only if it is. So the comparison is repeated, with what was found
incompatible known beforehand, until nothing new is found: the greatest fixed point. The known
ones only ever grow, so it ends; it takes one turn where nothing had to be assumed.

Invariants: at most ``STEPS_MAX`` pairs are compared in all turns together; an outcome keeps at most
``DIFFERENCES_MAX`` differences, those that are not tolerated first.
Called by: verdict. Calls: rules.
Source: pull request 4375 of confluentinc/schema-registry, for why one turn is not enough.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from schema_registry.compatibility.json_schema.differences import Difference
from schema_registry.errors import BoundExceeded
from schema_registry.formats.json_schema.nodes import Node

STEPS_MAX: Final = 300_000
"""Pairs of subschemas that one comparison may take."""

STEPS_BETWEEN_CHECKS: Final = 256
"""Pairs between two looks at the deadline."""

DIFFERENCES_MAX: Final = 200
"""Differences that are kept of one pair."""

Pair: TypeAlias = tuple[Node, Node]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a pair of nodes differs in."""

    differences: tuple[Difference, ...]
    is_compatible: bool


Asking: TypeAlias = Generator[Pair, Outcome, None]
"""A rule at work: it asks for pairs, original first, and is sent their outcomes."""

Rules: TypeAlias = Callable[[Node, Node, "Findings"], Asking]

_ASSUMED: Final = Outcome((), True)
_REFUSED: Final = Outcome((), False)
"""Of a pair within itself: what it differs in is said where it begins."""


class Findings:
    """Collects the differences of one pair."""

    def __init__(self, tolerated: frozenset[str]) -> None:
        """Begin with none.

        Args:
            tolerated: Kinds that do not make a pair incompatible.
        """
        self._tolerated = tolerated
        self._kept: list[Difference] = []
        self._is_refused = False

    def add(self, kind: str, *path: str, original: Any = None, update: Any = None) -> None:
        """Note a difference at a path below the pair."""
        self._kept.append(Difference(kind=kind, path=path, original=original, update=update))

    def adopt(self, outcome: Outcome, *path: str) -> None:
        """Take over the differences of a pair that stands at a path below this one."""
        self._is_refused |= not outcome.is_compatible
        self._kept += (
            Difference(
                kind=one.kind, path=path + one.path, original=one.original, update=one.update
            )
            for one in outcome.differences
        )

    def outcome(self) -> Outcome:
        """Return what was found."""
        breaking = [one for one in self._kept if one.kind not in self._tolerated]
        kept: Iterable[Difference] = self._kept
        if len(self._kept) > DIFFERENCES_MAX:
            others = (one for one in self._kept if one.kind in self._tolerated)
            kept = [*breaking, *others][:DIFFERENCES_MAX]
        return Outcome(tuple(kept), not breaking and not self._is_refused)


@dataclass(frozen=True, slots=True)
class _Frame:
    pair: Pair
    findings: Findings
    asking: Asking


class Comparison:
    """One comparison of two models."""

    def __init__(
        self, rules: Rules, tolerated: frozenset[str], check_deadline: Callable[[], None]
    ) -> None:
        """Prepare a comparison.

        Args:
            rules: What a pair of nodes differs in.
            tolerated: Kinds of differences that do not make a pair incompatible.
            check_deadline: Called now and then; raises when it has taken too long.
        """
        self._rules = rules
        self._tolerated = tolerated
        self._check_deadline = check_deadline
        self._steps = 0
        self._refused: set[Pair] = set()
        self._found: dict[Pair, Outcome] = {}
        self._has_assumed = False

    def run(self, original: Node, update: Node) -> Outcome:
        """Return what two nodes differ in.

        Raises:
            BoundExceeded: It takes more than ``STEPS_MAX`` steps.
        """
        while True:
            self._found, self._has_assumed = {}, False
            outcome = self._turn((original.resolved(), update.resolved()))
            refused = {pair for pair, one in self._found.items() if not one.is_compatible}
            if not self._has_assumed or refused <= self._refused:
                return outcome
            self._refused |= refused

    def _turn(self, root: Pair) -> Outcome:
        """Compare a pair and all that is asked for on the way."""
        frames = [self._frame(root)]
        entered = {root}
        answer: Outcome | None = None
        while True:
            frame = frames[-1]
            try:
                asked = frame.asking.send(answer) if answer else next(frame.asking)
            except StopIteration:
                frames.pop()
                entered.discard(frame.pair)
                answer = self._found[frame.pair] = frame.findings.outcome()
                if not frames:
                    return answer
                continue
            pair = (asked[0].resolved(), asked[1].resolved())
            answer = self._found.get(pair)
            if answer is None and pair in entered:
                answer = _REFUSED if pair in self._refused else _ASSUMED
                self._has_assumed |= answer is _ASSUMED
            if answer is None:
                frames.append(self._frame(pair))
                entered.add(pair)

    def _frame(self, pair: Pair) -> _Frame:
        self._steps += 1
        if self._steps > STEPS_MAX:
            raise BoundExceeded("", f"the comparison takes more than {STEPS_MAX} steps")
        if self._steps % STEPS_BETWEEN_CHECKS == 0:
            self._check_deadline()
        findings = Findings(self._tolerated)
        return _Frame(pair, findings, self._rules(*pair, findings))


def maximum_matching(edges: Sequence[Sequence[int]], right: int) -> dict[int, int]:
    """Return a largest set of pairs in which no left and no right one occurs twice.

    Args:
        edges: For each left one, the right ones that it may be paired with.
        right: How many right ones there are.
    """
    owner: list[int | None] = [None] * right
    for left in range(len(edges)):
        _augment(left, edges, owner)
    return {left: one for one, left in enumerate(owner) if left is not None}


def _augment(start: int, edges: Sequence[Sequence[int]], owner: list[int | None]) -> None:
    """Find a free right one for a left one, moving others on where that helps."""
    came_from: dict[int, int] = {}
    waiting = [start]
    for left in waiting:
        for one in edges[left]:
            if one in came_from:
                continue
            came_from[one] = left
            taken_by = owner[one]
            if taken_by is not None:
                waiting.append(taken_by)
                continue
            step: int | None = one
            while step is not None:
                giver = came_from[step]
                previous = next((r for r, by in enumerate(owner) if by == giver), None)
                owner[step] = giver
                step = previous
            return

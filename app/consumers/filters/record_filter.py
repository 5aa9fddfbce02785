"""A filter of records: compiled once, run on batches, with counts of what became of them.

Invariants:
    A text is a filter that runs, or is refused with the place where it is wrong, before anything
    else has happened.
    A record is let through only if the filter says true of it. What it cannot say anything about
    (a field is missing, a text is compared by size with a number) counts as failed, and is not let
    through; the first such is kept with its reason.
    scanned >= matched + failed.
    The event loop waits for one record at the longest, and for ``SLICE_SECONDS`` at a time.
Called by: every door that consumes. Calls: language, fields, the CEL library (docs/adr/0012).
Source: CEL; semantics of errors as in its specification, "Evaluation".
"""

import asyncio
import importlib
import re
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from app.broker.errors import InvalidRequest
from app.consumers.filters.fields import (
    DECODED_BYTES_MAX,
    CannotFilter,
    FieldGetters,
    field_getters,
)
from app.consumers.filters.language import BadFilter, Token, may_match, position_in, read_filter
from storage.format.decoder import Columns

if TYPE_CHECKING:
    import cel

SLICE_SECONDS = 0.002
"""How long records are looked at before others get the event loop."""

COST_MAX = 2_500_000
"""Weight of a filter times bytes that it may look at: some hundred milliseconds at the worst."""

REASON_CHARS_MAX = 200

_WHERE = re.compile(r"ERROR: <input>:(\d+):(\d+): ([^\n]*)")


class InvalidFilter(InvalidRequest):
    """The text is not a filter; nothing was changed."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class Matched(NamedTuple):
    """What a filter says of some records."""

    indexes: list[int]
    """Of those that it lets through."""

    end: int
    """The first that it was not asked about."""


def compile_filter(source: str) -> "RecordFilter":
    """Return a filter that has looked at nothing yet.

    Args:
        source: An expression of CEL that is true or false of a record.

    Raises:
        InvalidFilter: It is not one, or could take too long; says where.
    """
    program, getters = _compiled(source)
    return RecordFilter(source, program, getters)


@lru_cache(maxsize=64)
def _compiled(source: str) -> "tuple[cel.Program, FieldGetters]":
    try:
        reading = read_filter(source)
        for pattern in reading.patterns:
            _check_pattern(source, pattern)
        program = _parse(source)
        if not reading.paths:
            _check_constant(program)
    except BadFilter as error:
        raise InvalidFilter(str(error), error.line, error.column) from None
    bytes_max = min(DECODED_BYTES_MAX, COST_MAX // reading.weight)
    return program, field_getters(reading.paths, bytes_max)


def _cel() -> ModuleType:
    """Return the library, imported by the first filter: it brings its own command line along."""
    return importlib.import_module("cel")


def _parse(source: str) -> "cel.Program":
    try:
        program: cel.Program = _cel().compile(source)
    except ValueError as error:
        found = _WHERE.search(str(error))
        if found is None:
            raise BadFilter("this is not an expression", 1, 1) from None
        line, column, problem = found.groups()
        problem = problem.partition(" expecting {")[0][:REASON_CHARS_MAX]
        raise BadFilter(problem, int(line), int(column)) from None
    return program


def _check_pattern(source: str, pattern: Token) -> None:
    text = _parse(pattern.text).execute({})
    if not isinstance(text, str):
        raise BadFilter("a pattern is a text", *position_in(source, pattern.place))
    if not may_match(text):
        raise BadFilter(
            "the pattern is too large: fewer characters, or smaller repetitions",
            *position_in(source, pattern.place),
        )
    try:
        _cel().compile(f'"".matches({pattern.text})').execute({})
    except RuntimeError:
        raise BadFilter(
            "the pattern is not a regular expression", *position_in(source, pattern.place)
        ) from None


def _check_constant(program: "cel.Program") -> None:
    """Refuse what can never be true or false of any record."""
    try:
        outcome = program.execute({})
    except _CEL_ERRORS as error:
        raise BadFilter(_reason(error), 1, 1) from None
    if not isinstance(outcome, bool):
        raise BadFilter(f"it is {_kind(outcome)} and never true or false", 1, 1)


class RecordFilter:
    """Lets records through of which its expression is true, and counts."""

    def __init__(self, source: str, program: "cel.Program", getters: FieldGetters) -> None:
        """Stand ready; see ``compile_filter``."""
        self.source = source
        self._execute = program.execute
        self._getters = getters.of_record
        self._of_place = getters.of_place
        self.scanned = 0
        self.matched = 0
        self.failed = 0
        self.first_failure: str | None = None
        """Where the first record is that the filter says nothing about, and why."""

    async def matching(
        self,
        place: tuple[str, int],
        columns: Columns,
        wanted: range,
        monotonic: Callable[[], float],
        matched_max: int | None = None,
    ) -> Matched:
        """Return which records of a batch are let through.

        Args:
            place: Their topic and partition.
            columns: The batch.
            wanted: Indexes of the records that are asked about, rising by one.
            monotonic: Tells seconds.
            matched_max: End with so many.
        """
        indexes: list[int] = []
        start = wanted.start
        while True:
            left = None if matched_max is None else matched_max - len(indexes)
            found = self._slice(place, columns, range(start, wanted.stop), left, monotonic)
            indexes += found.indexes
            start = found.end
            if start >= wanted.stop or (matched_max is not None and len(indexes) >= matched_max):
                return Matched(indexes, start)
            await asyncio.sleep(0)

    def counts(self) -> dict[str, object]:
        """Return the counts as answers show them."""
        counts: dict[str, object] = {
            "scanned": self.scanned,
            "matched": self.matched,
            "failed": self.failed,
        }
        if self.first_failure is not None:
            counts["first_failure"] = self.first_failure
        return counts

    def _slice(
        self,
        place: tuple[str, int],
        columns: Columns,
        wanted: range,
        matched_max: int | None,
        monotonic: Callable[[], float],
    ) -> Matched:
        """Look at records until there are enough, or the time is up."""
        shared = dict(zip(("topic", "partition"), place, strict=True))
        variables = {name: shared[name] for name in self._of_place}
        deadline = monotonic() + SLICE_SECONDS
        indexes: list[int] = []
        end = wanted.start
        if matched_max is not None and matched_max <= 0:
            return Matched(indexes, end)
        for index in wanted:
            end = index + 1
            if self._is_match(place, columns, index, variables):
                indexes.append(index)
                if len(indexes) == matched_max:
                    break
            if monotonic() >= deadline:
                break
        self.scanned += end - wanted.start
        self.matched += len(indexes)
        return Matched(indexes, end)

    def _is_match(
        self, place: tuple[str, int], columns: Columns, index: int, variables: dict[str, object]
    ) -> bool:
        try:
            for name, getter in self._getters.items():
                variables[name] = getter(columns, index)
            outcome = self._execute(variables)
        except CannotFilter as error:
            self._note_failure(place, columns.offsets[index], str(error))
            return False
        except _CEL_ERRORS as error:
            self._note_failure(place, columns.offsets[index], _reason(error))
            return False
        if outcome is True or outcome is False:
            return outcome
        self._note_failure(place, columns.offsets[index], f"it is {_kind(outcome)}")
        return False

    def _note_failure(self, place: tuple[str, int], offset: int, reason: str) -> None:
        self.failed += 1
        if self.first_failure is None:
            self.first_failure = f"{place[0]}-{place[1]} at offset {offset}: {reason}"


_CEL_ERRORS = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
"""What the library raises when an expression says nothing of a record."""


def picked(columns: Columns, indexes: list[int]) -> Columns:
    """Return some records of a batch."""
    return Columns(
        offsets=[columns.offsets[index] for index in indexes],
        timestamps_ms=[columns.timestamps_ms[index] for index in indexes],
        keys=[columns.keys[index] for index in indexes],
        values=[columns.values[index] for index in indexes],
        headers=[columns.headers[index] for index in indexes],
    )


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no field {error.args[0]!s}"[:REASON_CHARS_MAX]
    return str(error).partition(". ")[0][:REASON_CHARS_MAX]


def _kind(outcome: object) -> str:
    return "null" if outcome is None else f"of type {type(outcome).__name__}"

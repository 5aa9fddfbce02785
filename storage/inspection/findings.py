"""Findings: what is wrong with a log's files, in words and in a form for programs."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class Severity(IntEnum):
    """How much a finding means."""

    NOTE = 0
    """Nothing is wrong: a file that counts for nothing, for example."""

    REBUILT = 1
    """Wrong, but no record is lost: the next start, or a repair, makes it right."""

    LOSS = 2
    """Records are damaged or missing; a node keeps the log offline until it is repaired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with one file."""

    severity: Severity
    kind: str
    """A word for programs, ``torn-tail`` for example; docs/cli.md lists them."""

    path: Path
    text: str
    """What a person reads."""

    position: int | None = None
    """Where in the file."""

    size: int | None = None
    """How many bytes."""

    start_offset: int | None = None
    """First offset that may be gone."""

    end_offset: int | None = None
    """Exclusive end of the offsets that may be gone; None where nobody can know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """What one log holds, and what is wrong with it."""

    directory: Path
    segments: int
    batches: int
    records: int
    log_start_offset: int
    log_end_offset: int
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity:
        """The worst of the findings."""
        return worst(self.findings)


def worst(findings: tuple[Finding, ...]) -> Severity:
    """Return the worst severity, ``NOTE`` if there is no finding."""
    return max((one.severity for one in findings), default=Severity.NOTE)

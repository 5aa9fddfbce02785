"""Swap: a compacted segment comes in the place of its sources, whatever moment the power goes.

```text
<base>.log.cleaned   written and synced, counts for nothing           removed by recovery
<base>.log.swap      counts from here on: its sources are to go       finished by recovery
<source>.*           renamed to .deleted, removed after file.delete.delay.ms
<base>.log           the compacted segment has its usual name
```

Invariants:
    Only names change here, in this order; whoever reads the old files keeps reading.
    Of each segment the log file is renamed last: its indexes are never without it, and as long as
    a source's log file has its usual name, so have that source's other files.
    The compacted segment ends where its last source ended, so its own bytes say which segments it
    stands for.
Crash between two renames: names reach the disk in order (``tests.support.crashes.crash_disk``), so
a ``.log.swap`` says that all is there; ``finish_swaps`` goes on from any point, also from its own.
Called by: log_cleaning, recovery. Calls: segment.
Source: Kafka's ``LocalLog.replaceSegments`` and ``LogLoader``.
"""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from storage.files import Disk
from storage.segments.segment import (
    CLEANED_SUFFIX,
    DELETED_SUFFIX,
    FILE_SUFFIXES,
    LOG_SUFFIX,
    SUFFIXES,
    SWAP_SUFFIX,
    Segment,
    headers_of,
    segment_path,
)

_logger = logging.getLogger(__name__)

_SWAPPED_LOG = re.compile(r"(\d{20})\.log\.swap\Z")
_LOG = re.compile(r"(\d{20})\.log\Z")


def swap_in(cleaned: Segment, sources: Sequence[Segment]) -> list[Path]:
    """Give a compacted segment the place of its sources, in the directory.

    The directory is to be synced, and only then may the old files be removed.

    Args:
        cleaned: Synced, with the suffix ``.cleaned``.
        sources: The old segments; the first has the same base offset.

    Returns:
        The new names of the old files.

    Raises:
        DiskError: The disk failed; only a restart can say which names there are.
    """
    cleaned.rename(SWAP_SUFFIX)
    retired: list[Path] = []
    for source in sources:
        is_first = source.base_offset == cleaned.base_offset
        retired += source.rename(DELETED_SUFFIX, FILE_SUFFIXES if is_first else SUFFIXES)
    cleaned.rename("")
    return retired


def finish_swaps(disk: Disk, directory: Path) -> None:
    """Bring every swap that a crash has broken off to its end; remove what had not begun one.

    Raises:
        CorruptBatch: A compacted segment does not read.
        DiskError: The disk failed.
    """
    names = disk.list(directory)
    for name in names:
        match = _SWAPPED_LOG.match(name)
        if match is not None:
            _finish(disk, directory, int(match.group(1)))
            disk.sync_directory(directory)
    for name in disk.list(directory):
        if name.endswith((CLEANED_SUFFIX, SWAP_SUFFIX)):
            disk.remove(directory / name)


def _finish(disk: Disk, directory: Path, base_offset: int) -> None:
    swapped = segment_path(directory, base_offset, LOG_SUFFIX + SWAP_SUFFIX)
    _logger.info("%s: a compaction is finished", swapped)
    file = disk.open(swapped)
    end_offset = base_offset + 1
    for _, header in headers_of(file, 0, file.size()):
        end_offset = header.next_offset
    matches = [_LOG.match(name) for name in disk.list(directory)]
    bases = [int(match.group(1)) for match in matches if match is not None]
    for base in sorted(bases):
        if base_offset <= base < end_offset:
            kinds = FILE_SUFFIXES if base == base_offset else SUFFIXES
            for kind in reversed(kinds):
                disk.remove(segment_path(directory, base, kind))
    for kind in reversed(FILE_SUFFIXES):
        path = segment_path(directory, base_offset, kind + SWAP_SUFFIX)
        if disk.exists(path):
            disk.rename(path, segment_path(directory, base_offset, kind))

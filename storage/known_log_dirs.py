"""Which log directories a node has: each one remembers all of them, by id and place.

So a disk that is not mounted, or a directory that was left out of the settings, is noticed: its
mount point looks like a new, empty directory, and without this memory the node would begin empty
logs in the place of those that it cannot see.

``log-dirs-checkpoint`` has Kafka's form; an entry is the directory's id and its percent-encoded
path. It is there only if there ever was more than one. A directory that is gone for good is
forgotten when a person removes its line from the file in the others.

Invariant: a directory is remembered in all the others before the first log lies in it.
Called by: log_manager. Calls: checkpoints.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from storage.checkpoints import MalformedCheckpoint, read_checkpoint, write_checkpoint
from storage.files import Disk

KNOWN = "log-dirs-checkpoint"

_logger = logging.getLogger(__name__)


def missing_log_dirs(disk: Disk, present: Mapping[str, Path]) -> dict[str, Path]:
    """Remember the directories that are there in each of them; return those that are not.

    Args:
        disk: Where.
        present: The directories that can be used, by id.

    Raises:
        DiskError: The disk failed.
    """
    remembered = {path: _read(disk, path / KNOWN) for path in present.values()}
    known: dict[str, Path] = {}
    for entries in remembered.values():
        known |= entries
    known |= present
    if len(known) > 1:
        for path, entries in remembered.items():
            if entries != known:
                lines = [(one, quote(str(known[one]))) for one in sorted(known)]
                write_checkpoint(disk, path / KNOWN, lines)
    return {one: path for one, path in known.items() if one not in present}


def _read(disk: Disk, path: Path) -> dict[str, Path]:
    try:
        entries = read_checkpoint(disk, path)
        return {directory_id: Path(unquote(place)) for directory_id, place in entries}
    except (MalformedCheckpoint, ValueError) as error:
        _logger.error("%s does not read: %s", path, error)
        return {}

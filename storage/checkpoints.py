"""Checkpoint files: small texts of Kafka's form, replaced whole.

The first line is the version (0), the second the number of entries, then one entry a line with
its fields apart by a space. A file that does not read is treated as missing by those who can do
without it: everything in a checkpoint can be found again in the log, more slowly.
Source: ``org.apache.kafka.server.common.CheckpointFile``.
"""

from collections.abc import Iterable
from pathlib import Path

from storage.files import Disk

VERSION = 0


class MalformedCheckpoint(Exception):
    """The file is not a checkpoint."""


def write_checkpoint(disk: Disk, path: Path, entries: Iterable[Iterable[object]]) -> None:
    """Replace a checkpoint file, durably.

    Args:
        disk: Where.
        path: Which file.
        entries: The fields of each entry, none with a space in it.
    """
    lines = [" ".join(str(field) for field in entry) for entry in entries]
    text = "\n".join([str(VERSION), str(len(lines)), *lines, ""])
    disk.write_atomically(path, text.encode())


def read_checkpoint(disk: Disk, path: Path) -> list[list[str]]:
    """Return the fields of each entry; none if there is no such file.

    Raises:
        MalformedCheckpoint: It is not a checkpoint, or not a whole one.
    """
    if not disk.exists(path):
        return []
    try:
        lines = disk.read_bytes(path).decode("ascii").splitlines()
        version, count = int(lines[0]), int(lines[1])
    except (UnicodeDecodeError, ValueError, IndexError):
        raise MalformedCheckpoint(f"{path} is not a checkpoint file") from None
    if version != VERSION or count != len(lines) - 2:
        raise MalformedCheckpoint(f"{path}: version {version}, {count} entries promised")
    return [line.split(" ") for line in lines[2:]]

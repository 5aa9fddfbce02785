"""Private files: what a node keeps is for the eyes of its owner alone.

The command's ``umask`` sees to what is made from now on. What an earlier version made, or somebody
opened to others, is closed here when a node begins, and said. Directories that the operator made
are left as they are: what is in them is closed, and who can write to them is warned about.
Called by: the wiring, main, node_security.
"""

import logging
import os
import stat
from collections.abc import Sequence
from pathlib import Path

_logger = logging.getLogger(__name__)

UMASK = 0o077
OURS = (".lock", "meta.properties", "logs", "*-checkpoint", "cauce.db*", "audit.log*")
"""What a node makes at the top of its directories; in ``logs`` nobody gets further then."""

SECRET = "admin.secret"  # noqa: S105 - the name of a file
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def keep_private(directories: Sequence[Path]) -> None:
    """Take from others what they may do with a node's files; what cannot be taken is logged.

    Args:
        directories: Its data directory, and those of logs.
    """
    for directory in dict.fromkeys(directories):
        for path in (found for pattern in OURS for found in directory.glob(pattern)):
            _close(path)
        if _mode(directory) & _OTHERS_WRITE:
            _logger.warning("others can write to %s: chmod 700 it", directory)


def keep_secret(data_dir: Path) -> None:
    """Take the first user's password from others; who has read it already is not known.

    For when that user is there: before, a file that others can write is nothing to believe.
    """
    path = data_dir / SECRET
    if _mode(path) & _OTHERS:
        _close(path)
        _logger.warning("change the password of admin, which others may know, and delete %s", path)


def _close(path: Path) -> None:
    mode = _mode(path)
    if not mode & _OTHERS:
        return
    closed = mode & ~_OTHERS
    try:
        path.chmod(closed)
    except OSError as error:
        _logger.warning("others can read %s, mode %04o: %s", path, mode, error.strerror)
    else:
        _logger.warning("others could read %s: its mode is %04o now, was %04o", path, closed, mode)


def _mode(path: Path) -> int:
    """Return what may be done with a file; nothing if it is not there, or leads elsewhere."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return 0
    return 0 if stat.S_ISLNK(mode) else stat.S_IMODE(mode)

"""Bootstrap: the first user of a cluster whose clients must log in.

Its password is made here, written to a file that only the node's owner can read, and never shown.
The file is on disk before the user is there: a node that ends in between finds the file at its
next start and makes the user of it. Of two nodes that begin at once one makes the user; the other
finds that, and takes its own file away.
"""

import logging
import os
import secrets
import stat
from pathlib import Path

from app.cluster.errors import UserExists
from app.security.acls import CLUSTER
from app.security.audit.audit import Audit
from app.security.audit.changes import unnamed, written_down
from app.security.logins.passwords import Passwords
from app.security.logins.scram_keys import HASH_NAMES, scram_record
from app.security.principal import Principal
from app.security.watcher import SecurityWatcher

_logger = logging.getLogger(__name__)

ADMIN = "admin"
FILE = "admin.secret"
PASSWORD_BYTES = 24

ITSELF = Principal("self", kind="Node")
"""Who makes the user: the node that the event comes from."""


class InsecureFile(Exception):
    """The file of the admin's password can be read by others."""


async def ensure_admin(
    watcher: SecurityWatcher, passwords: Passwords, data_dir: Path, audit: Audit
) -> None:
    """Make the user ``admin`` if there is no user at all.

    Args:
        watcher: Has an image.
        passwords: Hashes the password.
        data_dir: Where the file is written.
        audit: Where it is written down.

    Raises:
        AuditUnwritable: It cannot be; the user was not made.
        InsecureFile: There is one already, and others can read it.
        OSError: It cannot be written.
        CatalogError: The database cannot be asked.
    """
    assert watcher.image is not None, "refresh() comes first"
    if watcher.image.users:
        return
    path = data_dir / FILE
    password = _read(path) or _write(path)
    scram = [scram_record(ADMIN, mechanism, password) for mechanism in HASH_NAMES]
    hashed = await passwords.hash(password)
    change = written_down(
        *(audit, "CreateUser", ITSELF, CLUSTER), items=[f"user {ADMIN}"], name_of=_name_of
    )
    try:
        async with change:
            await watcher.catalog.create_user(ADMIN, password_hash=hashed, scram=scram)
    except UserExists:
        path.unlink()  # of another node, and its password is in that one's file
    else:
        _logger.warning("user %s was created: its password is in %s", ADMIN, path)
    await watcher.refresh()


def _name_of(error: Exception) -> str:
    return "DUPLICATE_RESOURCE" if isinstance(error, UserExists) else unnamed(error)


def _read(path: Path) -> str | None:
    """Return the password that an earlier start left, None if it left none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with open(descriptor, encoding="ascii", errors="replace") as file:  # noqa: PTH123 - a descriptor
        mode = os.fstat(descriptor).st_mode
        if stat.S_IMODE(mode) & (stat.S_IRWXG | stat.S_IRWXO):
            raise InsecureFile(f"{path} can be read by others: chmod 600 it, or delete it")
        return file.read().strip() or None


def _write(path: Path) -> str:
    """Write a new password, so that after a crash the file is there whole or not at all."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 - a descriptor
        file.write(password + "\n")
        file.flush()
        os.fsync(descriptor)
    new.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return password

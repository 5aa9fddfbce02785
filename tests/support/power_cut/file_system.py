"""A real file system whose power can be cut: an image, loop-mounted, shut down by its own ioctl.

``FS_IOC_SHUTDOWN`` with "no log flush" makes ext4 and XFS forget everything that is not on the
device yet, the journal's buffers too, and refuse all further work. What a mount finds afterwards is
what a power cut would have left, but for the drive's own cache, which has no part in this.

While the ioctl runs an ``fdatasync`` may end well that has kept nothing (ext4 and XFS, Linux 6.18:
a bare loop of writes and syncs in four threads has one in a file of 5 % of the cuts, all of them
after the ioctl had begun). So what is acknowledged from that moment on is no promise: a machine
without power would not have answered.

Mounts are made in a process that has mount and process namespaces of its own. When that process
ends, however it ends, the kernel kills what it started, takes its mounts away and frees the loop
devices: a test cannot leave anything behind.
Source: linux/fs.h, ``EXT4_IOC_SHUTDOWN``, ``XFS_IOC_GOINGDOWN``.
"""

import fcntl
import os
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[3]
SHUTDOWN = 0x8004587D
"""The ioctl's number, ``_IOR('X', 125, __u32)``."""

NO_LOG_FLUSH = struct.pack("I", 2)
IMAGE_BYTES = 320 << 20
"""XFS takes no less than 300 MB; the image is sparse."""

MAKE = {"ext4": ("mkfs.ext4", "-q", "-F"), "xfs": ("mkfs.xfs", "-q", "-f")}
ISOLATED = (
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--mount", "--propagation", "private", "--pid", "--mount-proc"),
    *("--fork", "--kill-child"),
)


def start_isolated(module: str, arguments: Sequence[str]) -> subprocess.Popen[str]:
    """Start a module of the tests where its mounts are its own and end with it."""
    assert os.geteuid() == 0, (
        "power cuts need root, to mount file systems: run `pytest -m 'not root'` without"
    )
    return subprocess.Popen(
        [*ISOLATED, sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class PowerCutFileSystem:
    """One file system on an image; to be used by an isolated process only."""

    def __init__(self, kind: str, directory: Path) -> None:
        """Prepare.

        Args:
            kind: ``ext4`` or ``xfs``.
            directory: Where the image and the mount point are made.
        """
        self._kind = kind
        self._image = directory / f"{kind}.image"
        self.path = directory / kind
        """Where it is mounted."""

        self.is_mounted = False

    def __enter__(self) -> Self:
        with self._image.open("wb") as image:
            image.truncate(IMAGE_BYTES)
        _run(*MAKE[self._kind], str(self._image))
        self.path.mkdir(exist_ok=True)
        self._mount()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.is_mounted:
            _run("umount", "--lazy", str(self.path))
        self._image.unlink()

    def cut(self) -> None:
        """Cut the power: what is not on the device is lost, and nothing can be written any more."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, NO_LOG_FLUSH)
        finally:
            os.close(descriptor)

    def restart(self) -> None:
        """Mount it again, as after a cut; nobody may have a file open."""
        _run("umount", str(self.path))
        self.is_mounted = False
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-o", "loop", str(self._image), str(self.path))
        self.is_mounted = True


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"

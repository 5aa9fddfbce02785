"""A disk that writes down what is done to it, and the states a power cut may leave of that.

The model is harsher than a journalling file system: what was not synced may be lost, kept, torn
at any byte or turned into zeros, each file for itself; names that were not synced by their
directory are lost from any point on, each directory for itself.
"""

import random
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from storage.files import Descriptor, Disk, File


@dataclass(frozen=True)
class Operation:
    """One thing done to the disk."""

    kind: str
    """write, truncate, sync; link, unlink, rename, sync_directory; shown."""

    target: int
    """The file or directory, by the number it got when it was made."""

    position: int = 0
    data: bytes = b""
    name: str = ""
    other: str = ""
    child: int = 0
    facts: tuple[int, ...] = ()


class Trace:
    """All that was done, in order, and which files have which names now."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.operations: list[Operation] = []
        self.directories = {root: 0}
        self.names: dict[Path, int] = {}
        self._made = 0

    def make(self) -> int:
        """Return the number of a new file or directory."""
        self._made += 1
        return self._made

    def add(self, kind: str, target: int, **more: object) -> None:
        """Write one operation down."""
        self.operations.append(Operation(kind, target, **more))  # type: ignore[arg-type]

    def shown(self, *facts: int) -> None:
        """Note that someone has been told something."""
        self.add("shown", 0, facts=facts)


class RecordingFile(File):
    """A file of a ``RecordingDisk``."""

    def __init__(self, file: File, number: int, disk: "RecordingDisk") -> None:
        self._file = file
        self._number = number
        self._disk = disk
        self.path = file.path

    def hold(self) -> Descriptor:
        return self._file.hold()

    def size(self) -> int:
        return self._file.size()

    def modified_ms(self) -> int:
        return self._file.modified_ms()

    def read(self, position: int, size: int) -> bytes:
        return self._file.read(position, size)

    def write(self, data: bytes | bytearray | memoryview, position: int) -> None:
        self._file.write(data, position)
        self._disk.trace.add("write", self._number, position=position, data=bytes(data))

    def truncate(self, size: int) -> None:
        self._file.truncate(size)
        self._disk.trace.add("truncate", self._number, position=size)

    def sync(self) -> None:
        if self.path.suffix not in self._disk.unsynced:
            self._disk.trace.add("sync", self._number)


class RecordingDisk(Disk):
    """The operating system's files, with a trace."""

    def __init__(
        self, root: Path, *, unsynced: Collection[str] = (), syncs_directories: bool = True
    ) -> None:
        """Begin with what there is, all of it durable.

        Args:
            root: Everything that is opened lies in it.
            unsynced: Suffixes of files that are not really synced: a planted fault.
            syncs_directories: Whether directories are.
        """
        self.trace = Trace(root)
        self.unsynced = unsynced
        self.syncs_directories = True
        self._load(root)
        self.syncs_directories = syncs_directories

    def _load(self, directory: Path) -> None:
        trace = self.trace
        for path in sorted(directory.iterdir()):
            number = trace.make()
            if path.is_dir():
                trace.directories[path] = number
                trace.add("link", trace.directories[directory], name=path.name, child=-number)
                self._load(path)
            else:
                trace.names[path] = number
                trace.add("link", trace.directories[directory], name=path.name, child=number)
                trace.add("write", number, data=path.read_bytes())
                trace.add("sync", number)
        self.sync_directory(directory)

    def open(self, path: Path, *, create: bool = False) -> File:
        file = super().open(path, create=create)
        trace = self.trace
        if path not in trace.names:
            trace.names[path] = trace.make()
            trace.add(
                "link",
                trace.directories[path.parent],
                name=path.name,
                child=trace.names[path],
            )
        return RecordingFile(file, trace.names[path], self)

    def make_directory(self, path: Path) -> None:
        if path.is_dir():
            return
        self.make_directory(path.parent)
        path.mkdir()
        trace = self.trace
        trace.directories[path] = trace.make()
        parent = trace.directories[path.parent]
        trace.add("link", parent, name=path.name, child=-trace.directories[path])
        self.sync_directory(path.parent)

    def sync_directory(self, path: Path) -> None:
        if self.syncs_directories:
            self.trace.add("sync_directory", self.trace.directories[path])

    def rename(self, source: Path, target: Path) -> None:
        assert source.parent == target.parent, "the model renames within a directory"
        super().rename(source, target)
        trace = self.trace
        trace.names[target] = trace.names.pop(source)
        parent = trace.directories[source.parent]
        trace.add("rename", parent, name=source.name, other=target.name)

    def remove(self, path: Path) -> None:
        super().remove(path)
        if self.trace.names.pop(path, None) is not None:
            self.trace.add("unlink", self.trace.directories[path.parent], name=path.name)


@dataclass
class _Inode:
    durable: bytes = b""
    pending: list[Operation] = field(default_factory=list)


@dataclass
class _Directory:
    durable: dict[str, int] = field(default_factory=dict)
    pending: list[Operation] = field(default_factory=list)


Choice = Callable[[list[Operation]], list[Operation]]


def keep_all(pending: list[Operation]) -> list[Operation]:
    """Everything reached the disk in time."""
    return pending


def keep_none(pending: list[Operation]) -> list[Operation]:
    """Nothing reached the disk that was not synced."""
    return []


def zeros(pending: list[Operation]) -> list[Operation]:
    """Sizes and names reached the disk, bytes did not."""
    return [
        Operation("write", one.target, position=one.position, data=bytes(len(one.data)))
        if one.kind == "write"
        else one
        for one in pending
    ]


def at_random(seed: int) -> Choice:
    """Any part of it reached the disk, the last write perhaps torn."""
    chance = random.Random(seed)

    def choose(pending: list[Operation]) -> list[Operation]:
        if not pending:
            return []
        if pending[0].kind in ("link", "unlink", "rename"):
            return pending[: chance.randint(0, len(pending))]
        if chance.random() < 0.5:
            kept = pending[: chance.randint(0, len(pending))]
        else:
            kept = [one for one in pending if chance.random() < 0.6]
        if kept and kept[-1].kind == "write" and chance.random() < 0.7:
            last = kept[-1]
            torn = last.data[: chance.randint(0, len(last.data))]
            kept = [*kept[:-1], Operation("write", last.target, position=last.position, data=torn)]
        return kept

    return choose


def choices(count: int, random_choices: int) -> Iterator[Choice]:
    """Yield ways in which the disk may have kept what was not synced.

    Args:
        count: After how many operations: the seed.
        random_choices: How many besides all, none and zeros.
    """
    yield keep_all
    yield keep_none
    yield zeros
    for number in range(random_choices):
        yield at_random(count * random_choices + number)


def recorded(
    tmp_path: Path,
    run: Callable[["RecordingDisk", Path], None],
    *,
    unsynced: str = "",
    syncs_directories: bool = True,
) -> Trace:
    """Return the trace of a run on a new disk, with the faults that are planted in it."""
    root = tmp_path / "recorded"
    root.mkdir()
    disk = RecordingDisk(root, unsynced=[unsynced], syncs_directories=syncs_directories)
    run(disk, root)
    return disk.trace


def lay_out(trace: Trace, count: int, directory: Path, choose: Choice) -> None:
    """Make the directory that a power cut after so many operations may leave behind."""
    inodes: dict[int, _Inode] = {}
    directories: dict[int, _Directory] = {0: _Directory()}
    for one in trace.operations[:count]:
        if one.kind in ("write", "truncate"):
            inodes.setdefault(one.target, _Inode()).pending.append(one)
        elif one.kind == "sync":
            inode = inodes.setdefault(one.target, _Inode())
            inode.durable, inode.pending = _bytes(inode.durable, inode.pending), []
        elif one.kind in ("link", "unlink", "rename"):
            directories.setdefault(one.target, _Directory()).pending.append(one)
        elif one.kind == "sync_directory":
            names = directories.setdefault(one.target, _Directory())
            names.durable, names.pending = _names(names.durable, names.pending), []
    _write_directory(directories, inodes, 0, directory, choose)


def _write_directory(
    directories: dict[int, _Directory],
    inodes: dict[int, _Inode],
    number: int,
    path: Path,
    choose: Choice,
) -> None:
    path.mkdir(exist_ok=True)
    entry = directories.get(number, _Directory())
    for name, child in _names(entry.durable, choose(entry.pending)).items():
        if child < 0:
            _write_directory(directories, inodes, -child, path / name, choose)
        else:
            inode = inodes.get(child, _Inode())
            (path / name).write_bytes(_bytes(inode.durable, choose(inode.pending)))


def _bytes(durable: bytes, operations: list[Operation]) -> bytes:
    data = bytearray(durable)
    for one in operations:
        if one.kind == "truncate":
            del data[one.position :]
            data.extend(bytes(one.position - len(data)))
        elif one.data:
            data.extend(bytes(max(0, one.position - len(data))))
            data[one.position : one.position + len(one.data)] = one.data
    return bytes(data)


def _names(durable: dict[str, int], operations: list[Operation]) -> dict[str, int]:
    names = dict(durable)
    for one in operations:
        if one.kind == "link":
            names[one.name] = one.child
        elif one.kind == "unlink":
            names.pop(one.name, None)
        else:
            names[one.other] = names.pop(one.name)
    return names

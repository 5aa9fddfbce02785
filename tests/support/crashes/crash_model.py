"""The states that a power cut may leave a disk in, moment by moment of what was done to it.

The model is harsher than a journalling file system: of what was not synced anything may be lost,
kept, torn at any byte or turned into zeros, each file for itself; names that were not synced by
their directory are lost from any point on, each directory for itself. A sync that failed has
synced nothing, and no later one makes up for it.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.support.crashes.memory_disk import Image, MemoryDisk, Operation

TORN_AT = (1, 8, 12, 17, 21, 60, 61, 62)
"""Within and around a batch header; index entries end within the first ones."""

PREFIXES_MAX = 12


class Content(NamedTuple):
    """What a file may hold."""

    data: bytes
    digest: bytes


def content(data: bytes) -> Content:
    """Return bytes with their digest."""
    return Content(data, hashlib.blake2b(data, digest_size=16).digest())


@dataclass
class _Inode:
    durable: Content
    pending: list[Operation] = field(default_factory=list)
    is_doubtful: bool = False
    variants: list[Content] | None = None
    """All it may hold now: everything, nothing, zeros, then the others."""


@dataclass
class _Names:
    durable: dict[str, int] = field(default_factory=dict)
    pending: list[Operation] = field(default_factory=list)
    is_doubtful: bool = False
    variants: list[dict[str, int]] | None = None
    """All they may be now: everything, nothing, then the prefixes."""


class State(NamedTuple):
    """One disk that a power cut may leave behind."""

    digest: bytes
    choices: tuple[tuple[int, int], ...]
    """Which variant of what, where more than one was possible: files, then directories."""

    image: Image


class CrashModel:
    """The disk as far as it is known to be durable, and what may or may not be."""

    def __init__(self, root: MemoryDisk, seed: int) -> None:
        """Begin with a disk all of whose files and names are durable.

        Args:
            root: The disk, before anything is done to it.
            seed: Of the random states.
        """
        self._chance = random.Random(seed)
        _, files = root.numbers()
        self._inodes = {number: _Inode(content(data)) for number, data in files.items()}
        self._names = {number: _Names(names) for number, names in root.names().items()}

    def apply(self, one: Operation) -> None:
        """Take note of one more thing that was done."""
        kind = one.kind
        if kind in ("write", "truncate"):
            inode = self._inode(one.target)
            inode.pending.append(one)
            inode.variants = None
        elif kind == "sync":
            inode = self._inode(one.target)
            if inode.pending and not inode.is_doubtful:
                inode.durable = content(_replay(inode.durable.data, inode.pending))
                inode.pending, inode.variants = [], None
        elif kind in ("link", "unlink", "rename"):
            names = self._names.setdefault(one.target, _Names())
            names.pending.append(one)
            names.variants = None
        elif kind == "sync_directory":
            names = self._names.setdefault(one.target, _Names())
            if names.pending and not names.is_doubtful:
                names.durable = _rename(names.durable, names.pending)
                names.pending, names.variants = [], None
        elif kind == "sync_failed" and one.target > 0:
            self._inode(one.target).is_doubtful = True
        elif kind == "sync_failed":
            self._names.setdefault(-one.target, _Names()).is_doubtful = True

    def states(self, random_count: int, *, is_thorough: bool = True) -> Iterator[State]:
        """Yield the states that the disk may be in now, each combination once.

        All and nothing, zeros, each variant of each file and of each directory beside all and
        nothing of the others; then combinations at random.

        Args:
            random_count: How many of the last.
            is_thorough: Whether each variant of each file and directory is among them.
        """
        named = {
            child
            for names in self._names.values()
            for child in (*names.durable.values(), *(one.child for one in names.pending))
        }
        files = [number for number, one in self._inodes.items() if one.pending and number in named]
        folders = [number for number, one in self._names.items() if one.pending]
        for number in files:
            self._file_variants(number)
        for number in folders:
            self._name_variants(number)
        seen = set()
        for choice in self._choices(files, folders, random_count, is_thorough):
            key = tuple(choice.items())
            if key not in seen:
                seen.add(key)
                yield self._lay_out(choice, key)

    def _choices(
        self, files: list[int], folders: list[int], random_count: int, is_thorough: bool
    ) -> Iterator[dict[int, int]]:
        for file_choice, folder_choice in ((0, 0), (1, 1), (2, 0), (2, 1), (1, 0), (0, 1)):
            yield {
                **dict.fromkeys(files, file_choice),
                **dict.fromkeys([-1 - one for one in folders], folder_choice),
            }
        everything = dict.fromkeys([*files, *(-1 - one for one in folders)], 0)
        nothing = dict.fromkeys(everything, 1)
        counts = {one: len(self._inodes[one].variants or ()) for one in files}
        counts |= {-1 - one: len(self._names[one].variants or ()) for one in folders}
        for number, count in counts.items() if is_thorough else ():
            for variant in range(1, count):
                yield {**everything, number: variant}
            for variant in range(count):
                yield {**nothing, number: variant}
                if number >= 0 and folders:
                    yield {**nothing, **dict.fromkeys([-1 - one for one in folders], 0)} | {
                        number: variant
                    }
        for _ in range(random_count if len(counts) > 1 else 0):
            yield {number: self._chance.randrange(count) for number, count in counts.items()}

    def _lay_out(self, choice: dict[int, int], key: tuple[tuple[int, int], ...]) -> State:
        image: Image = {}
        digest = hashlib.blake2b(digest_size=16)
        todo = [("/", 0)]
        while todo:
            path, number = todo.pop()
            one = self._names.get(number)
            names: dict[str, int] = {}
            if one is not None:
                variant = choice.get(-1 - number)
                names = one.durable if variant is None else one.variants[variant]  # type: ignore[index]
            digest.update(path.encode())
            found = image[path] = {}
            for name in sorted(names):
                child = names[name]
                digest.update(name.encode())
                if child < 0:
                    found[name] = None
                    todo.append((f"/{name}" if path == "/" else f"{path}/{name}", -child))
                    continue
                inode = self._inode(child)
                variant = choice.get(child)
                held = inode.durable if variant is None else inode.variants[variant]  # type: ignore[index]
                found[name] = held.data
                digest.update(held.digest)
        return State(digest.digest(), key, image)

    def _inode(self, number: int) -> _Inode:
        inode = self._inodes.get(number)
        if inode is None:
            inode = self._inodes[number] = _Inode(EMPTY)
        return inode

    def _file_variants(self, number: int) -> None:
        inode = self._inodes[number]
        if inode.variants is None:
            found = _file_variants(inode.durable.data, inode.pending, self._chance)
            all_of_it, none, zeros, *others = found
            rest = {one: None for one in others if one not in (all_of_it, none, zeros)}
            inode.variants = [content(one) for one in (all_of_it, none, zeros, *rest)]

    def _name_variants(self, number: int) -> None:
        names = self._names[number]
        if names.variants is None:
            parts = [names.pending[:count] for count in range(1, len(names.pending))]
            names.variants = [_rename(names.durable, part) for part in (names.pending, [], *parts)]


EMPTY = content(b"")


def _file_variants(durable: bytes, pending: list[Operation], chance: random.Random) -> list[bytes]:
    """Return what a file may hold: everything, nothing, zeros, and much in between."""
    found = [_replay(durable, pending), durable, _replay(durable, map(_zeros, pending))]
    first = max(1, len(pending) - PREFIXES_MAX)
    found += [_replay(durable, pending[:count]) for count in range(first, len(pending))]
    for missing in range(max(0, len(pending) - PREFIXES_MAX), len(pending) - 1):
        found.append(_replay(durable, pending[:missing] + pending[missing + 1 :]))
        found.append(
            _replay(
                durable, [*pending[:missing], _zeros(pending[missing]), *pending[missing + 1 :]]
            )
        )
    last = pending[-1]
    if last.kind == "write":
        size = len(last.data)
        cuts = {*TORN_AT, size // 2, size - 1, chance.randrange(size), chance.randrange(size)}
        for cut in sorted(one for one in cuts if 0 < one < size):
            kept = last._replace(data=last.data[:cut])
            grown = last._replace(data=last.data[:cut] + bytes(size - cut))
            found.append(_replay(durable, [*pending[:-1], kept]))
            found.append(_replay(durable, [*pending[:-1], grown]))
        late = last._replace(data=bytes(size // 2) + last.data[size // 2 :])
        found.append(_replay(durable, [*pending[:-1], late]))
    if len(pending) > 2:
        found.append(_replay(durable, [one for one in pending if chance.random() < 0.6]))
    return found


def _zeros(one: Operation) -> Operation:
    return one._replace(data=bytes(len(one.data)))


def _replay(durable: bytes, operations: "list[Operation] | Iterator[Operation]") -> bytes:
    data = bytearray(durable)
    for one in operations:
        if one.kind == "truncate":
            del data[one.position :]
            data.extend(bytes(one.position - len(data)))
        elif one.data:
            data.extend(bytes(max(0, one.position - len(data))))
            data[one.position : one.position + len(one.data)] = one.data
    return bytes(data)


def _rename(durable: dict[str, int], operations: list[Operation]) -> dict[str, int]:
    names = dict(durable)
    for one in operations:
        if one.kind == "link":
            names[one.name] = one.child
        elif one.kind == "unlink":
            names.pop(one.name, None)
        elif one.name in names:
            names[one.other] = names.pop(one.name)
    return names

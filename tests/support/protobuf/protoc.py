"""protoc as an oracle: what it says of texts, and the descriptors that it makes."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc


@dataclass(frozen=True)
class Compiled:
    """What protoc says of one file."""

    descriptor: FileDescriptorProto | None
    """None if it refuses the file."""

    errors: str


@cache
def include_directories() -> tuple[Path, Path]:
    """Return where our dependencies have their .proto files."""
    tools = Path(str(files("grpc_tools")))
    return tools / "_proto", tools.parent


def shipped_texts() -> dict[str, str]:
    """Return the .proto files that our dependencies ship, by import path."""
    inner, outer = include_directories()
    found = {str(path.relative_to(inner)): path for path in sorted(inner.rglob("*.proto"))}
    for path in sorted((outer / "google").rglob("*.proto")):
        found.setdefault(str(path.relative_to(outer)), path)
    return {name: path.read_text() for name, path in found.items()}


def compile_texts(texts: Mapping[str, str]) -> dict[str, Compiled]:
    """Compile files that stand side by side, each by itself."""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in texts.items():
            path = Path(directory, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        return {name: _compile(directory, name) for name in texts}


def compile_text(text: str) -> Compiled:
    """Compile one text that needs nothing but what is shipped."""
    return compile_texts({"given.proto": text})["given.proto"]


def _compile(directory: str, name: str) -> Compiled:
    made = Path(directory, "made.bin")
    arguments = ["protoc", f"-I{directory}", *(f"-I{one}" for one in include_directories())]
    with _errors_into(Path(directory, "errors")) as errors:
        status = protoc.main([*arguments, "--retain_options", f"--descriptor_set_out={made}", name])
    if status != 0:
        return Compiled(None, errors.read_text())
    (descriptor,) = FileDescriptorSet.FromString(made.read_bytes()).file
    return Compiled(descriptor, "")


@contextlib.contextmanager
def _errors_into(path: Path) -> Iterator[Path]:
    """Send what protoc writes to the second descriptor to a file."""
    kept = os.dup(2)
    with path.open("w") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield path
    finally:
        os.dup2(kept, 2)
        os.close(kept)

"""Generate the function that reads one message in one version.

The function keeps the buffer in ``b``, the position in ``p``, its end in ``end`` and the number of
elements that may still come in ``left``. Struct and index errors mean that the buffer ended; slices
do not raise, so every length is held against ``end`` before.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any

from app.wire.errors import MalformedMessage
from app.wire.generated_source import GeneratedSource
from app.wire.message import FieldSpec, api_of, fields_of
from app.wire.primitives import Kind, read_uvarint

ELEMENTS_MAX = 200_000
"""Elements of all arrays of one message, and its tagged fields."""

STRING_BYTES_MAX = 2**15 - 1
"""Of one string in any version, as in Kafka; those that are not flexible cannot say more."""

_LONG = f"a string of more than {STRING_BYTES_MAX} bytes"
_NULL = "a field that must not be null is null"
_SHORT = "a length points behind the end"
_MANY = f"more than {ELEMENTS_MAX} elements"
_TAG_SIZE = "a tagged field is not as long as it says"


def generate_decoder(
    message_type: type, version: int
) -> Callable[[bytes | bytearray, int], tuple[Any, int]]:
    """Return a function from buffer and position to message and position behind it."""
    api = api_of(message_type)
    source = GeneratedSource("def decode(b, p):")
    source.add("end = len(b)", f"left = {ELEMENTS_MAX}")
    generator = _Generator(source, version, api.is_flexible(version))
    made = generator.struct(message_type)
    source.add(f"return {made}, p")
    return source.compile("decode", f"decode {message_type.__name__} v{version}")


class _Generator:
    def __init__(self, source: GeneratedSource, version: int, flexible: bool) -> None:
        self._source = source
        self._version = version
        self._flexible = flexible
        self._fail = source.constant(_fail, "fail")

    def struct(self, struct_type: type) -> str:
        """Read a struct's fields; return the expression that makes it."""
        present = [one for one in fields_of(struct_type) if one.is_in(self._version)]
        variables: dict[str, str] = {}
        run: list[tuple[str, Kind]] = []
        for spec in present:
            if spec.tag is not None:
                continue
            variable = variables[spec.name] = self._source.fresh(spec.name)
            if spec.kind is not None and spec.kind.is_fixed and not spec.is_array:
                run.append((variable, spec.kind))
            else:
                self._fixed(run)
                run = []
                self._field(spec, variable)
        self._fixed(run)
        if self._flexible:
            variables |= self._tagged([one for one in present if one.tag is not None])
        name = self._source.constant(struct_type, struct_type.__name__)
        arguments = ", ".join(f"{one}={variable}" for one, variable in variables.items())
        return f"{name}({arguments})"

    def _fixed(self, run: Sequence[tuple[str, Kind]]) -> None:
        """Read numbers that follow each other, in one go."""
        if run:
            layout = _layout("".join(kind.value for _, kind in run))
            unpack = self._source.constant(layout.unpack_from, "unpack")
            targets = ", ".join(variable for variable, _ in run)
            self._source.add(f"{targets}, = {unpack}(b, p)", f"p += {layout.size}")

    def _field(self, spec: FieldSpec, variable: str) -> None:
        if spec.is_array:
            self._array(spec, variable)
        elif spec.struct is not None:
            self._nested(spec, variable, spec.struct)
        elif spec.kind is not None and spec.kind.is_fixed:
            self._fixed([(variable, spec.kind)])
        else:
            size = self._source.fresh("size")
            self._length(size, "h" if spec.kind is Kind.STRING else "i")
            self._source.add(f"if {size} < 0:")
            self._null(spec, variable)
            with self._source.block("else:"):
                self._sized(spec.kind, variable, size)

    def _length(self, size: str, code: str) -> None:
        """Read a length or count, which is below zero for null."""
        if self._flexible:
            long = self._source.constant(read_uvarint, "uvarint")
            self._source.add(f"{size} = b[p] - 1", "p += 1")
            with self._source.block(f"if {size} > 126:"):
                self._source.add(f"{size}, p = {long}(b, p - 1)", f"{size} -= 1")
        else:
            self._fixed([(size, Kind(code))])

    def _null(self, spec: FieldSpec, variable: str) -> None:
        """Take a null, below an ``if``."""
        if self._version >= spec.nullable_since:
            self._source.add(f"    {variable} = None")
        else:
            self._source.add(f"    {self._fail}({_NULL!r})")

    def _sized(self, kind: Kind | None, variable: str, size: str) -> None:
        source = self._source
        stop = source.fresh("stop")
        if kind is Kind.STRING and self._flexible:
            source.add(f"if {size} > {STRING_BYTES_MAX}: {self._fail}({_LONG!r})")
        source.add(f"{stop} = p + {size}", f"if {stop} > end:", f"    {self._fail}({_SHORT!r})")
        if kind is Kind.STRING:
            source.add(f"{variable} = b[p:{stop}].decode()")
        elif kind is Kind.RECORDS:
            source.add(f"{variable} = memoryview(b)[p:{stop}]")
        else:
            source.add(f"{variable} = bytes(b[p:{stop}])")
        source.add(f"p = {stop}")

    def _nested(self, spec: FieldSpec, variable: str, struct_type: type) -> None:
        """Read a struct that is a field by itself; one that may be null has a byte before it."""
        if self._version < spec.nullable_since:
            self._source.add(f"{variable} = {self.struct(struct_type)}")
            return
        self._source.add("p += 1")
        with self._source.block("if b[p - 1] > 127:"):
            self._source.add(f"{variable} = None")
        with self._source.block("else:"):
            self._source.add(f"{variable} = {self.struct(struct_type)}")

    def _array(self, spec: FieldSpec, variable: str) -> None:
        source = self._source
        count = source.fresh("count")
        self._length(count, "i")
        source.add(f"if {count} < 0:")
        self._null(spec, variable)
        with source.block("else:"):
            source.add(f"left -= {count}", f"if left < 0: {self._fail}({_MANY!r})")
            if spec.kind is not None and spec.kind.is_fixed:
                self._fixed_elements(spec.kind, variable, count)
                return
            source.add(f"{variable} = []")
            with source.block(f"for _ in range({count}):"):
                element = source.fresh("element")
                if spec.struct is not None:
                    source.add(f"{variable}.append({self.struct(spec.struct)})")
                else:
                    size = source.fresh("size")
                    self._length(size, "h" if spec.kind is Kind.STRING else "i")
                    source.add(f"if {size} < 0: {self._fail}({_NULL!r})")
                    self._sized(spec.kind, element, size)
                    source.add(f"{variable}.append({element})")

    def _fixed_elements(self, kind: Kind, variable: str, count: str) -> None:
        unpack = self._source.constant(struct.unpack_from, "unpack_many")
        size = struct.calcsize(f">{kind.value}")
        if kind is Kind.UUID:
            made = f"[bytes(b[at:at + {size}]) for at in range(p, p + {count} * {size}, {size})]"
            self._source.add(f"if p + {count} * {size} > end: {self._fail}({_SHORT!r})")
        else:
            made = f"list({unpack}(f'>{{{count}}}{kind.value}', b, p))"
        self._source.add(f"{variable} = {made}", f"p += {count} * {size}")

    def _tagged(self, specs: Sequence[FieldSpec]) -> dict[str, str]:
        """Read the tagged fields at the end of a struct."""
        source = self._source
        uvarint = source.constant(read_uvarint, "uvarint")
        variables = {}
        for spec in specs:
            variable = variables[spec.name] = source.fresh(spec.name)
            default = source.constant(spec.default, f"default_{spec.name}")
            source.add(f"{variable} = {default}{'()' if callable(spec.default) else ''}")
        with source.block("if b[p] == 0:"):
            source.add("p += 1")
        with source.block("else:"):
            count, tag, size, stop = (source.fresh(one) for one in ("tags", "tag", "size", "stop"))
            source.add(f"{count}, p = {uvarint}(b, p)")
            source.add(f"left -= {count}", f"if left < 0: {self._fail}({_MANY!r})")
            with source.block(f"for _ in range({count}):"):
                source.add(f"{tag}, p = {uvarint}(b, p)", f"{size}, p = {uvarint}(b, p)")
                source.add(f"{stop} = p + {size}", f"if {stop} > end: {self._fail}({_SHORT!r})")
                for spec in specs:
                    with source.block(f"if {tag} == {spec.tag}:"):
                        self._field(spec, variables[spec.name])
                        source.add(f"if p != {stop}: {self._fail}({_TAG_SIZE!r})")
                source.add(f"p = {stop}")
        return variables


def _layout(codes: str) -> struct.Struct:
    return struct.Struct(f">{codes}")


def _fail(reason: str) -> None:
    raise MalformedMessage(reason)

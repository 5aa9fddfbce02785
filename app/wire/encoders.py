"""Generate the function that writes one message in one version.

The function appends to ``out``. Records that lie elsewhere are not copied: their length is written
and the place where they belong is noted in ``gaps``.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from app.wire.generated_source import GeneratedSource
from app.wire.message import FieldSpec, api_of, fields_of
from app.wire.primitives import Kind, RecordsSource, write_uvarint


class Gap(NamedTuple):
    """A place in encoded bytes where records belong that lie elsewhere."""

    position: int
    source: RecordsSource


def generate_encoder(
    message_type: type, version: int
) -> Callable[[Any, bytearray, list[Gap]], None]:
    """Return a function that appends a message to a buffer and notes its gaps."""
    api = api_of(message_type)
    source = GeneratedSource("def encode(m, out, gaps):")
    _Generator(source, version, api.is_flexible(version)).struct(message_type, "m", "out")
    source.add("return None")
    return source.compile("encode", f"encode {message_type.__name__} v{version}")


class _Generator:
    def __init__(self, source: GeneratedSource, version: int, flexible: bool) -> None:
        self._source = source
        self._version = version
        self._flexible = flexible
        self._uvarint = source.constant(write_uvarint, "uvarint")

    def struct(self, struct_type: type, value: str, out: str) -> None:
        """Write the fields of the struct that an expression names."""
        present = [one for one in fields_of(struct_type) if one.is_in(self._version)]
        run: list[tuple[str, Kind]] = []
        for spec in present:
            if spec.tag is not None:
                continue
            place = f"{value}.{spec.name}"
            if spec.kind is not None and spec.kind.is_fixed and not spec.is_array:
                run.append((place, spec.kind))
            else:
                self._fixed(run, out)
                run = []
                self._field(spec, place, out)
        self._fixed(run, out)
        if self._flexible:
            self._tagged([one for one in present if one.tag is not None], value, out)

    def _fixed(self, run: Sequence[tuple[str, Kind]], out: str) -> None:
        if run:
            layout = struct.Struct(">" + "".join(kind.value for _, kind in run))
            pack = self._source.constant(layout.pack, "pack")
            self._source.add(f"{out} += {pack}({', '.join(place for place, _ in run)})")

    def _field(self, spec: FieldSpec, place: str, out: str) -> None:
        source = self._source
        if spec.kind is not None and spec.kind.is_fixed and not spec.is_array:
            self._fixed([(place, spec.kind)], out)
            return
        variable = source.fresh(spec.name)
        source.add(f"{variable} = {place}")
        if self._version < spec.nullable_since:
            self._present(spec, variable, out)
            return
        with source.block(f"if {variable} is None:"):
            if spec.struct is not None and not spec.is_array:
                source.add(f"{out}.append(255)")
            else:
                self._length("-1", _length_code(spec), out)
        with source.block("else:"):
            if spec.struct is not None and not spec.is_array:
                source.add(f"{out}.append(1)")
            self._present(spec, variable, out)

    def _present(self, spec: FieldSpec, variable: str, out: str) -> None:
        """Write a value that is not null."""
        source = self._source
        if spec.is_array:
            self._array(spec, variable, out)
        elif spec.struct is not None:
            self.struct(spec.struct, variable, out)
        elif spec.kind is Kind.RECORDS:
            here = source.constant((bytes, bytearray, memoryview), "here")
            gap = source.constant(Gap, "Gap")
            with source.block(f"if isinstance({variable}, {here}):"):
                self._length(f"len({variable})", "i", out)
                source.add(f"{out} += {variable}")
            with source.block("else:"):
                self._length(f"{variable}.size", "i", out)
                source.add(f"gaps.append({gap}(len({out}), {variable}))")
        else:
            self._sized(spec, variable, out)

    def _sized(self, spec: FieldSpec, variable: str, out: str) -> None:
        if spec.kind is Kind.STRING:
            self._source.add(f"{variable} = {variable}.encode()")
        self._length(f"len({variable})", "h" if spec.kind is Kind.STRING else "i", out)
        self._source.add(f"{out} += {variable}")

    def _length(self, size: str, code: str, out: str) -> None:
        """Write a length or count, -1 for null."""
        if not self._flexible:
            pack = self._source.constant(_PACK[code], f"pack_{code}")
            self._source.add(f"{out} += {pack}({size})")
        elif size == "-1":
            self._source.add(f"{out}.append(0)")
        else:
            number = self._source.fresh("number")
            self._source.add(f"{number} = {size} + 1")
            self._source.add(f"if {number} < 128: {out}.append({number})")
            self._source.add(f"else: {self._uvarint}({out}, {number})")

    def _array(self, spec: FieldSpec, variable: str, out: str) -> None:
        source = self._source
        self._length(f"len({variable})", "i", out)
        if spec.kind is not None and spec.kind.is_fixed and spec.kind is not Kind.UUID:
            pack = source.constant(struct.pack, "pack_many")
            source.add(f"{out} += {pack}(f'>{{len({variable})}}{spec.kind.value}', *{variable})")
            return
        element = source.fresh("element")
        with source.block(f"for {element} in {variable}:"):
            if spec.struct is not None:
                self.struct(spec.struct, element, out)
            elif spec.kind is Kind.UUID:
                source.add(f"{out} += {element}")
            else:
                self._sized(spec, element, out)

    def _tagged(self, specs: Sequence[FieldSpec], value: str, out: str) -> None:
        """Write the tagged fields that differ from their defaults, by their tags."""
        source = self._source
        if not specs:
            source.add(f"{out}.append(0)")
            return
        tags = source.fresh("tags")
        source.add(f"{tags} = []")
        for spec in sorted(specs, key=lambda one: one.tag or 0):
            default = spec.default() if callable(spec.default) else spec.default
            known = source.constant(default, f"default_{spec.name}")
            inner = source.fresh("inner")
            with source.block(f"if {value}.{spec.name} != {known}:"):
                source.add(f"{inner} = bytearray()")
                self._field(spec, f"{value}.{spec.name}", inner)
                source.add(f"{tags}.append(({spec.tag}, {inner}))")
        pair = source.fresh("pair")
        source.add(f"{self._uvarint}({out}, len({tags}))")
        with source.block(f"for {pair} in {tags}:"):
            source.add(f"{self._uvarint}({out}, {pair}[0])")
            source.add(f"{self._uvarint}({out}, len({pair}[1]))", f"{out} += {pair}[1]")


_PACK = {"h": struct.Struct(">h").pack, "i": struct.Struct(">i").pack}


def _length_code(spec: FieldSpec) -> str:
    return "h" if spec.kind is Kind.STRING and not spec.is_array else "i"

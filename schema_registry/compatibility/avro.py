"""Avro: can data written with one schema be read with another?

The rules are those of Java's ``SchemaCompatibility``, in its words: names count without their
namespace, or by the reader's aliases with it; logical types do not count; a pair of types that is
being compared already is taken to fit, so that types may lead back to themselves.

One thing is more careful than Java: what was found under the assumption that a pair fits is
forgotten when that pair turns out not to, because a reader's union may go on with another branch.
Source: Avro specification 1.12, "Schema Resolution"; docs of Avro Java's ``SchemaCompatibility``.
"""

from schema_registry.compatibility.incompatibility import INCOMPATIBILITIES_MAX, Incompatibility
from schema_registry.errors import BoundExceeded
from schema_registry.formats.avro.avro_format import AvroSchema
from schema_registry.formats.avro.json_text import dump_json
from schema_registry.formats.avro.printing import Printer
from schema_registry.formats.avro.samples import NoSample, sample
from schema_registry.formats.avro.types import (
    Array,
    AvroType,
    Enum,
    Field,
    Fixed,
    Map,
    Named,
    Primitive,
    Record,
    Union,
    branch_name,
    kind_of,
)
from schema_registry.formats.schema_format import ParsedSchema
from schema_registry.model import CompatibilityPolicy

COMPARISONS_MAX = 200_000
"""Pairs of types that one verdict compares."""

COMPARISON_DEPTH_MAX = 120
"""Pairs inside pairs."""

SHOWN_CHARS_MAX = 500
"""Characters of each side that a reason repeats."""

_READS = {
    "long": ("int",),
    "float": ("int", "long"),
    "double": ("int", "long", "float"),
    "bytes": ("string",),
    "string": ("bytes",),
}
"""What a primitive type reads beside itself."""


def incompatibilities(
    reader: ParsedSchema,
    writer: ParsedSchema,
    policy: CompatibilityPolicy = CompatibilityPolicy.STRICT,
) -> list[Incompatibility]:
    """Return why data written with ``writer`` cannot be read with ``reader``; nothing if it can.

    Args:
        reader: Of Avro.
        writer: Of Avro.
        policy: Avro's rules know no difference.

    Raises:
        BoundExceeded: The schemas are too large to compare.
    """
    assert isinstance(reader, AvroSchema), "a schema of another format"
    assert isinstance(writer, AvroSchema), "a schema of another format"
    del policy
    found = _Comparison().compare(reader.root, writer.root, "")
    return [
        Incompatibility(
            kind=one.kind,
            path=one.path or "/",
            message=one.message,
            reader=_shown(one.pair[0]),
            writer=_shown(one.pair[1]),
            counter_example=_example(writer.root, one.choices),
        )
        for one in found
    ]


class _Found:
    """A reason, with the types where it stands and the way to it through the writer's values."""

    def __init__(
        self, kind: str, path: str, message: str, pair: "_Pair", choices: "_Choices" = ()
    ) -> None:
        self.kind = kind
        self.path = path
        self.message = message
        self.pair = pair
        self.choices = choices


_Pair = tuple[AvroType, AvroType]
_Choices = tuple[tuple[int, int | str], ...]
"""Which branch of which union, and which symbol of which enum, a value takes that fails."""


class _Comparison:
    """One verdict: compares pairs of types, each once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], list[_Found]] = {}
        self._fitting: list[tuple[int, int]] = []
        """Pairs found to fit, in order, for they may rest on a pair that is still open."""
        self._pairs = 0
        self._depth = 0
        self._choices: list[tuple[int, int | str]] = []

    def compare(self, reader: AvroType, writer: AvroType, path: str) -> list[_Found]:
        """Return why the reader does not read the writer's values; empty if it does."""
        key = (id(reader), id(writer))
        known = self._known.get(key)
        if known is not None:
            return known[:1]
        self._pairs += 1
        if self._pairs > COMPARISONS_MAX:
            raise BoundExceeded(path, f"more than {COMPARISONS_MAX} pairs of types to compare")
        if self._depth > COMPARISON_DEPTH_MAX:
            raise BoundExceeded(path, f"pairs of types more than {COMPARISON_DEPTH_MAX} deep")
        self._known[key] = []
        begun = len(self._fitting)
        self._depth += 1
        found = self._judge(reader, writer, path)[:INCOMPATIBILITIES_MAX]
        self._depth -= 1
        if found:
            self._known[key] = found
            for other in self._fitting[begun:]:
                self._known.pop(other, None)
            del self._fitting[begun:]
        else:
            self._fitting.append(key)
        return found

    def _judge(  # noqa: PLR0911 - one for each pair of kinds
        self, reader: AvroType, writer: AvroType, path: str
    ) -> list[_Found]:
        if isinstance(writer, Union):
            return self._writer_union(reader, writer, path)
        if isinstance(reader, Union):
            return self._reader_union(reader, writer, path)
        match reader, writer:
            case Primitive(), Primitive():
                fits = reader.kind == writer.kind or writer.kind in _READS.get(reader.kind, ())
                return [] if fits else [self._type_mismatch(reader, writer, path)]
            case Array(), Array():
                return self.compare(reader.items, writer.items, f"{path}/items")
            case Map(), Map():
                return self.compare(reader.values, writer.values, f"{path}/values")
            case Record(), Record():
                return [*self._names(reader, writer, path), *self._fields(reader, writer, path)]
            case Enum(), Enum():
                return [*self._names(reader, writer, path), *self._symbols(reader, writer, path)]
            case Fixed(), Fixed():
                return [*self._names(reader, writer, path), *self._size(reader, writer, path)]
            case _:
                return [self._type_mismatch(reader, writer, path)]

    def _writer_union(self, reader: AvroType, writer: Union, path: str) -> list[_Found]:
        found: list[_Found] = []
        for number, branch in enumerate(writer.branches):
            self._choices.append((id(writer), number))
            place = f"{path}/{number}" if isinstance(reader, Union) else path
            found += self.compare(reader, branch, place)
            self._choices.pop()
        return found

    def _reader_union(self, reader: Union, writer: AvroType, path: str) -> list[_Found]:
        nearest: list[_Found] = []
        for number, branch in enumerate(reader.branches):
            found = self.compare(branch, writer, f"{path}/{number}")
            if not found:
                return []
            if branch_name(branch) == branch_name(writer) or (
                not nearest and kind_of(branch) == kind_of(writer)
            ):
                nearest = found
        message = f"the reader's union has no branch that reads {_called(writer)}"
        choices = tuple(self._choices)
        if nearest:
            message += f": {nearest[0].message}"
            choices = nearest[0].choices or choices
        return [_Found("MISSING_UNION_BRANCH", path, message, (reader, writer), choices)]

    def _names(self, reader: Named, writer: Named, path: str) -> list[_Found]:
        if reader.name.simple == writer.name.simple:
            return []
        if writer.name.full in {alias.full for alias in reader.aliases}:
            return []
        message = f"the reader's {reader.name.full} does not go by the name {writer.name.full}"
        return [self._found("NAME_MISMATCH", f"{path}/name", message, reader, writer)]

    def _fields(self, reader: Record, writer: Record, path: str) -> list[_Found]:
        written = {field.name: field for field in writer.fields}
        found: list[_Found] = []
        for number, field in enumerate(reader.fields):
            place = f"{path}/fields/{number}"
            names = dict.fromkeys((field.name, *field.aliases))
            sources = [written[name] for name in names if name in written]
            if len(sources) > 1:
                both = " and ".join(source.name for source in sources)
                message = f"the field {field.name} is both {both} of the writer"
                found.append(self._found("READER_FIELD_AMBIGUOUS", place, message, reader, writer))
            elif sources:
                found += self.compare(field.type, sources[0].type, f"{place}/type")
            elif not field.has_default:
                found.append(self._missing(field, reader, writer, place))
        return found

    def _missing(self, field: Field, reader: Record, writer: Record, path: str) -> _Found:
        if isinstance(field.type, Enum) and field.type.default is not None:
            # Java compares the enum with the writer's record: an enum's default is no field's.
            return self._type_mismatch(field.type, writer, f"{path}/type")
        message = f"the field {field.name} has no default, and the writer does not write it"
        return self._found("READER_FIELD_MISSING_DEFAULT_VALUE", path, message, reader, writer)

    def _symbols(self, reader: Enum, writer: Enum, path: str) -> list[_Found]:
        known = frozenset(reader.symbols)
        missing = [symbol for symbol in writer.symbols if symbol not in known]
        if not missing or reader.default is not None:
            return []
        message = f"the reader's enum lacks [{', '.join(missing)}]"
        self._choices.append((id(writer), missing[0]))
        found = self._found("MISSING_ENUM_SYMBOLS", f"{path}/symbols", message, reader, writer)
        self._choices.pop()
        return [found]

    def _size(self, reader: Fixed, writer: Fixed, path: str) -> list[_Found]:
        if reader.size == writer.size:
            return []
        message = f"the reader's size is {reader.size}, the writer's {writer.size}"
        return [self._found("FIXED_SIZE_MISMATCH", f"{path}/size", message, reader, writer)]

    def _type_mismatch(self, reader: AvroType, writer: AvroType, path: str) -> _Found:
        message = f"{_called(reader)} does not read {_called(writer)}"
        return self._found("TYPE_MISMATCH", path, message, reader, writer)

    def _found(
        self, kind: str, path: str, message: str, reader: AvroType, writer: AvroType
    ) -> _Found:
        return _Found(kind, path, message, (reader, writer), tuple(self._choices))


def _called(avro: AvroType) -> str:
    kind = kind_of(avro)
    return f"{kind} {branch_name(avro)}" if isinstance(avro, Named) else kind


def _shown(avro: AvroType) -> str:
    text = Printer().text(avro)
    return text if len(text) <= SHOWN_CHARS_MAX else f"{text[:SHOWN_CHARS_MAX]}..."


def _example(writer: AvroType, choices: _Choices) -> str | None:
    """Return a value that the writer writes and that takes the way to the fault."""
    try:
        return dump_json(sample(writer, dict(choices)))
    except NoSample:
        return None

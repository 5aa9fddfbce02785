"""Avro as one of the registry's languages."""

from collections.abc import Collection, Sequence

from schema_registry.errors import BoundExceeded, SchemaFormatUnsupported
from schema_registry.formats.avro.codec import AvroCodec
from schema_registry.formats.avro.defaults import check_defaults
from schema_registry.formats.avro.json_text import parse_json
from schema_registry.formats.avro.parsing import Parser
from schema_registry.formats.avro.printing import Printer
from schema_registry.formats.avro.types import AvroType, Named
from schema_registry.formats.schema_format import (
    REFERENCE_DEPTH_MAX,
    REFERENCES_MAX,
    ParsedSchema,
    PayloadCodec,
)
from schema_registry.model import ResolvedReference, SchemaType


class AvroSchema:
    """A schema of Avro."""

    schema_type = SchemaType.AVRO

    def __init__(self, root: AvroType, referenced: Collection[str] = ()) -> None:
        """Hold a type.

        Args:
            root: What values are of.
            referenced: Full names of the types that other schemas define.
        """
        self.root = root
        self._referenced = frozenset(referenced)

    def canonical(self) -> str:
        """Return the text in the order of Java's printer; referenced types are mentioned."""
        return Printer(self._referenced).text(self.root)

    def normalized(self) -> str:
        """Return the text with full names and sorted properties."""
        return Printer(self._referenced, normalize=True).text(self.root)

    def formatted(self, name: str) -> str:
        """Return another form: ``resolved`` has the referenced types written out.

        Raises:
            SchemaFormatUnsupported: Another name.
        """
        if name == "resolved":
            return Printer().text(self.root)
        raise SchemaFormatUnsupported(name)

    def record_name(self) -> str | None:
        """Return the full name of a named type, or the kind of another."""
        return self.root.name.full if isinstance(self.root, Named) else None


class AvroFormat:
    """Reads and writes Avro."""

    schema_type = SchemaType.AVRO

    def parse(
        self, text: str, references: Sequence[ResolvedReference] = (), *, strict: bool = True
    ) -> AvroSchema:
        """Return the schema of a text.

        Args:
            text: JSON.
            references: Schemas whose named types the text may mention.
            strict: Check the names of namespaces and the defaults, too.

        Raises:
            InvalidSchema: It is none; says where.
        """
        parser = Parser(strict=strict)
        self._parse_references(parser, references, set(), 0)
        referenced = list(parser.names)
        root = parser.parse(parse_json(text))
        if strict:
            check_defaults(root)
        return AvroSchema(root, referenced)

    def codec(self, schema: ParsedSchema) -> PayloadCodec:
        """Return the codec of an Avro schema."""
        assert isinstance(schema, AvroSchema), "a schema of another format"
        return AvroCodec(schema.root)

    def _parse_references(
        self,
        parser: Parser,
        references: Sequence[ResolvedReference],
        done: set[str],
        depth: int,
    ) -> None:
        if depth > REFERENCE_DEPTH_MAX:
            raise BoundExceeded("", f"references lead more than {REFERENCE_DEPTH_MAX} deep")
        for reference in references:
            if reference.text in done:
                continue
            self._parse_references(parser, reference.references, done, depth + 1)
            done.add(reference.text)
            if len(done) > REFERENCES_MAX:
                raise BoundExceeded("", f"more than {REFERENCES_MAX} references")
            parser.parse(parse_json(reference.text))

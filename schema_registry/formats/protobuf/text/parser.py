"""Parser of .proto texts: proto2, proto3 and the editions 2023 and 2024.

It refuses what is no declaration; whether declarations make sense together is up to
``validation``. It takes one thing that protoc does not: messages that say ``map_entry`` of
themselves, because Java clients print the maps of their classes so.
Called by: sources, the tests. Calls: token_reader.
Source: protobuf.dev, language specifications of proto2, proto3 and editions; protoc itself is the
oracle of the tests.
"""

from schema_registry.formats.protobuf.limits import (
    ENUM_NUMBER_MAX,
    ENUM_VALUES_MAX,
    FIELD_NUMBER_MAX,
    FIELDS_MAX,
    MESSAGE_DEPTH_MAX,
    MESSAGES_MAX,
    Steps,
    bound,
)
from schema_registry.formats.protobuf.scalars import SCALARS
from schema_registry.formats.protobuf.text.syntax_tree import (
    Declaration,
    Enum,
    EnumValue,
    Extend,
    Extensions,
    Field,
    Group,
    Import,
    ImportKind,
    Label,
    MapType,
    Message,
    MessagePart,
    Method,
    Oneof,
    Option,
    ProtoFile,
    Range,
    Reserved,
    ReservedName,
    Service,
)
from schema_registry.formats.protobuf.text.token_reader import TokenReader
from schema_registry.formats.protobuf.text.tokenizer import TokenKind

EDITIONS = ("2023", "2024")
"""What protobuf's runtime links and its protoc reads."""

_LABELS = frozenset(Label)
_VISIBILITIES = ("export", "local")
_INT32_MAX = 2_147_483_647


def parse_proto(text: str, steps: Steps | None = None) -> ProtoFile:
    """Return the syntax tree of a text.

    Raises:
        InvalidSchema: It is none; says where. BoundExceeded among them.
    """
    return _Parser(text, steps or Steps()).file()


class _Parser:
    """Reads one text from its start to its end."""

    def __init__(self, text: str, steps: Steps) -> None:
        self._read = TokenReader(text, steps)
        self._syntax: str | None = None
        self._is_edition = False
        self._package: str | None = None
        self._imports: list[Import] = []
        self._options: list[Option] = []
        self._declarations: list[Declaration] = []
        self._messages = 0
        self._fields = 0
        self._enum_values = 0

    @property
    def _is_proto2(self) -> bool:
        return not self._is_edition and self._syntax in (None, "proto2")

    def file(self) -> ProtoFile:
        self._first_statement()
        while self._read.next.kind is not TokenKind.END:
            self._statement()
        return ProtoFile(
            self._syntax,
            self._is_edition,
            self._package,
            tuple(self._imports),
            tuple(self._options),
            tuple(self._declarations),
        )

    def _first_statement(self) -> None:
        read = self._read
        for keyword in ("syntax", "edition"):
            if read.sees(keyword):
                read.take()
                read.expect("=")
                position = read.next.position
                self._is_edition = keyword == "edition"
                self._syntax = read.text_string(f"the {keyword}")
                known = EDITIONS if self._is_edition else ("proto2", "proto3")
                if self._syntax not in known:
                    read.refuse(
                        f"{keyword} {self._syntax[:40]!r} is none of {', '.join(known)}", position
                    )
                read.expect(";")
                return

    def _statement(self) -> None:
        read = self._read
        word = read.next.text if read.next.kind is TokenKind.WORD else ""
        if read.skip(";"):
            return
        if word == "import":
            self._imports.append(self._import())
        elif word == "package":
            self._package_statement()
        elif word == "option":
            self._options.append(self._option_statement())
        else:
            self._declarations.append(self._declaration(word))

    def _declaration(self, word: str) -> Declaration:
        if word == "extend":
            return self._extend()
        if word == "service":
            return self._service()
        visibility = self._visibility()
        word = self._read.next.text
        if word == "message":
            return self._message(1, visibility)
        if word == "enum":
            return self._enum(visibility)
        return self._read.refuse("expected a declaration, message or enum for one")

    def _visibility(self) -> str | None:
        """Take ``export`` or ``local`` before a message or an enum."""
        read = self._read
        if read.next.text in _VISIBILITIES and read.after_next.text in ("message", "enum"):
            if self._syntax != "2024":
                read.refuse("export and local are words of edition 2024")
            return read.take().text
        return None

    def _import(self) -> Import:
        read = self._read
        position = read.expect("import").position
        kind = ImportKind.PLAIN
        for other in (ImportKind.PUBLIC, ImportKind.WEAK, ImportKind.OPTION):
            if read.sees(other):
                if other is ImportKind.OPTION and self._syntax != "2024":
                    read.refuse("import option is of edition 2024")
                read.take()
                kind = other
                break
        path = read.text_string("the path of a file")
        read.expect(";")
        return Import(path, kind, position)

    def _package_statement(self) -> None:
        position = self._read.expect("package").position
        if self._package is not None:
            self._read.refuse("a second package", position)
        self._package = self._read.dotted_name("the name of a package")
        self._read.expect(";")

    def _option_statement(self) -> Option:
        self._read.expect("option")
        option = self._read.option()
        self._read.expect(";")
        return option

    def _message(self, depth: int, visibility: str | None = None) -> Message:
        position = self._read.expect("message").position
        name = self._read.word("the name of a message")
        return Message(name, self._message_body(depth), visibility, position)

    def _message_body(self, depth: int) -> tuple[MessagePart, ...]:
        read = self._read
        bound("messages within messages", depth, MESSAGE_DEPTH_MAX)
        self._messages += 1
        bound("messages", self._messages, MESSAGES_MAX)
        parts: list[MessagePart] = []
        read.expect("{")
        while not read.skip("}"):
            if not read.skip(";"):
                parts.append(self._message_part(depth))
        return tuple(parts)

    def _message_part(self, depth: int) -> MessagePart:
        visibility = self._visibility()
        word = self._read.next.text if self._read.next.kind is TokenKind.WORD else ""
        match word:
            case "message":
                return self._message(depth + 1, visibility)
            case "enum":
                return self._enum(visibility)
            case "option":
                return self._option_statement()
            case "oneof":
                return self._oneof(depth)
            case _:
                return self._range_part(word, depth)

    def _range_part(self, word: str, depth: int) -> MessagePart:
        if word == "extensions":
            return self._extensions()
        if word == "reserved":
            return self._reserved(FIELD_NUMBER_MAX, signed=False)
        if word == "extend":
            return self._extend(depth)
        return self._field(depth)

    def _field(
        self, depth: int, *, in_oneof: bool = False, in_extend: bool = False
    ) -> "Field | Group":
        read = self._read
        position = read.next.position
        label = self._label(in_oneof=in_oneof)
        self._fields += 1
        bound("fields", self._fields, FIELDS_MAX)
        if read.sees("map") and read.after_next.text == "<":
            if label is not None or in_oneof or in_extend:
                read.refuse("a map has no label, is in no oneof and no extension")
            return self._field_rest(self._map_type(), None, position)
        needs_label = self._is_proto2 and not in_oneof
        if needs_label and label is None:
            read.refuse("expected required, optional or repeated")
        if read.sees("group") and read.after_next.kind is TokenKind.WORD:
            return self._group(depth, label, position)
        if read.next.kind is not TokenKind.WORD and not read.sees("."):
            read.refuse("expected a declaration or the type of a field")
        return self._field_rest(self._type_name(), label, position)

    def _label(self, *, in_oneof: bool) -> Label | None:
        read = self._read
        if read.next.text not in _LABELS or read.next.kind is not TokenKind.WORD:
            return None
        label = Label(read.next.text)
        if in_oneof:
            read.refuse("a field in a oneof has no label")
        if self._is_edition and label is not Label.REPEATED:
            read.refuse(f"{label} is no label in editions: there is features.field_presence")
        read.take()
        return label

    def _type_name(self) -> str:
        if self._read.sees("map"):
            return self._read.word("a type")  # protoc reads no dots behind this one
        return self._read.dotted_name("a type", leading_dot=True)

    def _map_type(self) -> MapType:
        read = self._read
        read.expect("map")
        read.expect("<")
        key = self._type_name()
        read.expect(",")
        value = self._type_name()
        read.expect(">")
        return MapType(key, value)

    def _field_rest(self, type_: str | MapType, label: Label | None, position: int) -> Field:
        name = self._read.word("the name of a field")
        self._read.expect("=")
        number = self._read.number("the number of a field", _INT32_MAX)
        options = self._field_options()
        self._read.expect(";")
        return Field(name, number, type_, label, options, position)

    def _field_options(self) -> tuple[Option, ...]:
        """Take the options of a field; what is written like one, but is a part of it, once."""
        options = self._read.bracketed_options()
        for name in ("default", "json_name"):
            found = [one for one in options if one.simple_name == name]
            if len(found) > 1:
                self._read.refuse(f"a second {name}", found[1].position)
        return options

    def _group(self, depth: int, label: Label | None, position: int) -> Group:
        read = self._read
        if self._is_edition:
            read.refuse("editions have no groups: there is features.message_encoding")
        read.expect("group")
        if not read.next.text[:1].isupper():
            read.refuse("the name of a group begins with a capital")
        name = read.word("the name of a group")
        read.expect("=")
        number = read.number("the number of a field", _INT32_MAX)
        options = self._field_options()
        message = Message(name, self._message_body(depth + 1), None, position)
        return Group(number, message, label, options, position)

    def _oneof(self, depth: int) -> Oneof:
        read = self._read
        position = read.expect("oneof").position
        name = read.word("the name of a oneof")
        members: list[Field | Group] = []
        options: list[Option] = []
        read.expect("{")
        while not read.skip("}"):
            if read.sees("option"):
                options.append(self._option_statement())
            else:
                members.append(self._field(depth, in_oneof=True))
        return Oneof(name, tuple(members), tuple(options), position)

    def _extend(self, depth: int = 0) -> Extend:
        read = self._read
        position = read.expect("extend").position
        extendee = self._type_name()
        read.expect("{")
        members = [self._field(depth, in_extend=True)]
        while not read.skip("}"):
            members.append(self._field(depth, in_extend=True))
        return Extend(extendee, tuple(members), position)

    def _extensions(self) -> Extensions:
        read = self._read
        position = read.expect("extensions").position
        ranges = [self._range(FIELD_NUMBER_MAX, signed=False)]
        while read.skip(","):
            ranges.append(self._range(FIELD_NUMBER_MAX, signed=False))
        options = read.bracketed_options()
        read.expect(";")
        return Extensions(tuple(ranges), options, position)

    def _reserved(self, most: int, *, signed: bool) -> Reserved:
        read = self._read
        position = read.expect("reserved").position
        what = "a reserved name"
        values: list[Range | ReservedName] = []
        if read.next.kind is TokenKind.STRING and self._is_edition:
            read.refuse("reserved names are no strings in editions")
        if read.next.kind is TokenKind.WORD and not self._is_edition:
            read.refuse("reserved names are strings before editions")
        if read.next.kind is TokenKind.STRING:
            read.comma_separated(";", lambda: values.append(ReservedName(read.text_string(what))))
        elif read.next.kind is TokenKind.WORD:
            read.comma_separated(";", lambda: values.append(ReservedName(read.word(what), False)))
        else:
            read.comma_separated(";", lambda: values.append(self._range(most, signed=signed)))
        return Reserved(tuple(values), position)

    def _range(self, most: int, *, signed: bool) -> Range:
        """Take a number or two with ``to`` between them; ``max`` is the largest there is."""
        read = self._read
        most_read = _INT32_MAX if signed else _INT32_MAX - 1  # ranges of fields end beyond
        first = read.number("a number", most_read, signed=signed)
        if not read.skip("to"):
            return Range(first, first)
        if read.skip("max"):
            return Range(first, most)
        return Range(first, read.number("a number", most_read, signed=signed))

    def _enum(self, visibility: str | None = None) -> Enum:
        read = self._read
        position = read.expect("enum").position
        name = read.word("the name of an enum")
        parts: list[EnumValue | Option | Reserved] = []
        read.expect("{")
        while not read.skip("}"):
            if read.skip(";"):
                continue
            if read.sees("option"):
                parts.append(self._option_statement())
            elif read.sees("reserved"):
                parts.append(self._reserved(ENUM_NUMBER_MAX, signed=True))
            else:
                parts.append(self._enum_value())
        return Enum(name, tuple(parts), visibility, position)

    def _enum_value(self) -> EnumValue:
        read = self._read
        position = read.next.position
        name = read.word("the name of a value")
        self._enum_values += 1
        bound("values of enums", self._enum_values, ENUM_VALUES_MAX)
        read.expect("=")
        number = read.number("the number of a value", _INT32_MAX, signed=True)
        options = read.bracketed_options()
        read.expect(";")
        return EnumValue(name, number, options, position)

    def _service(self) -> Service:
        read = self._read
        position = read.expect("service").position
        name = read.word("the name of a service")
        methods: list[Method] = []
        options: list[Option] = []
        read.expect("{")
        while not read.skip("}"):
            if read.skip(";"):
                continue
            if read.sees("option"):
                options.append(self._option_statement())
            else:
                methods.append(self._method())
        return Service(name, tuple(methods), tuple(options), position)

    def _method(self) -> Method:
        read = self._read
        position = read.expect("rpc").position
        name = read.word("the name of a method")
        streams_requests, request = self._method_type()
        read.expect("returns")
        streams_responses, response = self._method_type()
        options: list[Option] = []
        if read.skip("{"):
            while not read.skip("}"):
                if not read.skip(";"):
                    options.append(self._option_statement())
        else:
            read.expect(";")
        return Method(
            name, request, response, streams_requests, streams_responses, tuple(options), position
        )

    def _method_type(self) -> tuple[bool, str]:
        self._read.expect("(")
        streams = self._read.skip("stream")
        type_ = self._type_name()
        if type_ in SCALARS:
            self._read.refuse(f"a method takes and returns messages, not {type_}")
        self._read.expect(")")
        return streams, type_

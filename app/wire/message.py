"""How a message is declared: one class over all its versions, fields as data.

    @request(key=3, versions=(0, 13), flexible=9)
    class MetadataRequest:
        topics: list[MetadataRequestTopic] | None = field(nullable=1)
        allow_auto_topic_creation: bool = field(4, default=True)

says that ``topics`` is there in every version and may be null from version 1 on, and that the
other field is there from version 4 on. A field that a version does not have keeps its default when
it is read, and is left out when it is written. Every field has a default: zero, empty, or as told.
The order of the fields is their order on the wire.

Called by: messages, codec. Calls: primitives.
Source: the form of Kafka's own definitions (versions, nullableVersions, taggedVersions).
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, dataclass_transform, get_args, get_origin

from app.wire.primitives import NO_UUID, Kind

VERSION_MAX = 32_767
_T = TypeVar("_T")
_UNSET = object()
_PLAIN_KINDS = {bool: Kind.BOOL, str: Kind.STRING, bytes: Kind.BYTES}
_ZEROS: dict[Kind, object] = {
    Kind.FLOAT64: 0.0,
    Kind.BOOL: False,
    Kind.UUID: NO_UUID,
    Kind.STRING: "",
    Kind.BYTES: b"",
    Kind.RECORDS: None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One thing that a client may ask for."""

    key: int
    name: str
    min_version: int
    max_version: int
    flexible_since: int
    """From this version on lengths are varints and there are tagged fields (KIP-482)."""

    def is_flexible(self, version: int) -> bool:
        """Return whether a version is written in the flexible way."""
        return version >= self.flexible_since


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One field of a message, as declared."""

    name: str
    kind: Kind | None
    """None for a struct."""

    struct: type | None
    is_array: bool
    since: int
    until: int
    nullable_since: int
    """``VERSION_MAX`` if it is never null."""

    tag: int | None
    default: Any
    """A value, or for lists and structs what makes one when called."""

    def is_in(self, version: int) -> bool:
        """Return whether a version has this field."""
        return self.since <= version <= self.until


@dataclass(frozen=True, slots=True)
class _Declared:
    since: int
    until: int
    nullable: int | None
    tag: int | None
    default: object
    is_secret: bool = False


def field(
    since: int = 0,
    *,
    until: int = VERSION_MAX,
    nullable: int | None = None,
    tag: int | None = None,
    default: object = _UNSET,
    is_secret: bool = False,
) -> Any:
    """Declare a field.

    Args:
        since: First version that has it.
        until: Last version that has it.
        nullable: First version in which it may be null; all, if its type has ``None``.
        tag: Number of a tagged field.
        default: Zero or empty if not given.
        is_secret: Whether it is left out of ``repr``.
    """
    return _Declared(since, until, nullable, tag, default, is_secret)


@dataclass_transform(kw_only_default=True)
def struct(cls: type[_T]) -> type[_T]:
    """Make a class a part of messages.

    Not frozen like other data: decoding makes thousands of these.
    """
    specs = []
    for name, annotation in cls.__annotations__.items():
        given = cls.__dict__.get(name, _UNSET)
        spec = _spec(name, annotation, given)
        is_shown = not (isinstance(given, _Declared) and given.is_secret)
        made = spec.is_array or spec.struct is not None
        if made and spec.default is not None:
            declared = dataclasses.field(default_factory=spec.default, repr=is_shown)
        else:
            declared = dataclasses.field(default=spec.default, repr=is_shown)
        setattr(cls, name, declared)
        specs.append(spec)
    made_class = dataclass(slots=True, kw_only=True)(cls)
    made_class.__specs__ = tuple(specs)  # type: ignore[attr-defined] # read by fields_of alone
    return made_class


@dataclass_transform(kw_only_default=True)
def request(
    *, key: int, versions: tuple[int, int], flexible: int = VERSION_MAX
) -> Callable[[type[_T]], type[_T]]:
    """Make a class a request.

    Args:
        key: Number of the API.
        versions: First and last version that is served.
        flexible: First flexible version, if there is one.
    """

    def declare(cls: type[_T]) -> type[_T]:
        made_class = struct(cls)
        made_class.__api__ = Api(  # type: ignore[attr-defined] # read by api_of alone
            key=key,
            name=cls.__name__.removesuffix("Request"),
            min_version=versions[0],
            max_version=versions[1],
            flexible_since=flexible,
        )
        return made_class

    return declare


@dataclass_transform(kw_only_default=True)
def response(request_type: type) -> Callable[[type[_T]], type[_T]]:
    """Make a class the response to a request."""

    def declare(cls: type[_T]) -> type[_T]:
        made_class = struct(cls)
        made_class.__api__ = api_of(request_type)  # type: ignore[attr-defined] # likewise
        return made_class

    return declare


def api_of(message_type: type) -> Api:
    """Return the API that a request or response belongs to."""
    api: Api = message_type.__api__  # type: ignore[attr-defined] # set by request and response
    return api


def fields_of(message_type: type) -> tuple[FieldSpec, ...]:
    """Return the fields of a message or struct, in their order on the wire."""
    specs: tuple[FieldSpec, ...] = message_type.__specs__  # type: ignore[attr-defined] # set by struct
    return specs


def _spec(name: str, annotation: Any, value: object) -> FieldSpec:
    declared = (
        value if isinstance(value, _Declared) else _Declared(0, VERSION_MAX, None, None, value)
    )
    inner, optional = _without_none(annotation)
    is_array = get_origin(inner) is list
    element = get_args(inner)[0] if is_array else inner
    kind = _kind(element)
    default = declared.default
    if default is _UNSET:
        if is_array:
            default = list
        elif kind is None:
            default = element
        else:
            default = _ZEROS.get(kind, 0)
    nullable = VERSION_MAX
    if optional or kind is Kind.RECORDS:
        nullable = declared.nullable if declared.nullable is not None else 0
    return FieldSpec(
        name=name,
        kind=kind,
        struct=element if kind is None else None,
        is_array=is_array,
        since=declared.since,
        until=declared.until,
        nullable_since=nullable,
        tag=declared.tag,
        default=default,
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if isinstance(annotation, UnionType):
        rest = [one for one in get_args(annotation) if one is not NoneType]
        return rest[0], True
    return annotation, False


def _kind(element: Any) -> Kind | None:
    if element in _PLAIN_KINDS:
        return _PLAIN_KINDS[element]
    for extra in getattr(element, "__metadata__", ()):
        if isinstance(extra, Kind):
            return extra
    return None

import pytest

from app.wire.message import VERSION_MAX, api_of, field, fields_of, request, response, struct
from app.wire.primitives import NO_UUID, Int16, Int32, Kind, Uuid


@struct
class Part:
    number: Int16 = 7


@request(key=99, versions=(1, 5), flexible=4)
class ThingRequest:
    parts: list[Part] | None = field(2, nullable=3)
    name: str | None = None
    part: Part = field(4, tag=1)
    topic_id: Uuid = field(5)
    old: Int32 = field(until=3, default=-1)


@response(ThingRequest)
class ThingResponse:
    error_code: Int16 = 0


def test_the_api_is_that_of_request_and_response() -> None:
    api = api_of(ThingRequest)

    assert (api.key, api.name, api.min_version, api.max_version) == (99, "Thing", 1, 5)
    assert api_of(ThingResponse) is api
    assert [api.is_flexible(version) for version in (3, 4)] == [False, True]


def test_fields_are_described_in_their_order() -> None:
    parts, name, part, topic_id, old = fields_of(ThingRequest)

    assert (parts.name, parts.struct, parts.is_array, parts.nullable_since) == (
        *("parts", Part, True),
        3,
    )
    assert (name.kind, name.nullable_since, name.default) == (Kind.STRING, 0, None)
    assert (part.struct, part.tag, part.nullable_since) == (Part, 1, VERSION_MAX)
    assert topic_id.kind is Kind.UUID
    assert [old.is_in(version) for version in (3, 4)] == [True, False]


def test_every_field_has_a_default() -> None:
    first, second = ThingRequest(), ThingRequest()

    assert (first.parts, first.name, first.part, first.topic_id, first.old) == (
        *([], None, Part(number=7)),
        *(NO_UUID, -1),
    )
    assert first.parts is not second.parts
    assert first.part is not second.part


def test_a_field_that_is_not_declared_is_refused() -> None:
    with pytest.raises(TypeError):
        ThingRequest(nothing=1)  # type: ignore[call-arg] # the point

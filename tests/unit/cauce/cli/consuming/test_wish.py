import pytest
import typer

from cauce.cli.consuming.start_position import parse_start
from cauce.cli.consuming.wish import Asked, build_wish
from cauce.cli.options import DataType
from cauce.client.errors import Refused
from cauce.client.http import HttpClient
from cauce.client.streaming.frames import Assign, Start, Subscribe
from tests.support.fake_rest_server import FakeRestServer


def asked(**fields: object) -> Asked:
    given: dict[str, object] = {
        "topics": ["t"],
        "group": None,
        "position": None,
        "partitions": [],
        "where": None,
        "isolation_level": "read_uncommitted",
        "key_type": None,
        "value_type": None,
        "follow": False,
        "count": None,
        **fields,
    }
    return Asked(**given)  # type: ignore[arg-type]


@pytest.fixture
def http() -> HttpClient:
    server = FakeRestServer()
    server.add("t", 2)
    server.add("one")
    return HttpClient(transport=server.transport)


def test_the_default_is_everything_that_is_there(http: HttpClient) -> None:
    assert build_wish(asked(), http) == Assign(
        partitions=[Start("t", start="earliest")], until="end"
    )


def test_types_and_positions_are_passed_on(http: HttpClient) -> None:
    wish = build_wish(
        asked(position=parse_start("-3"), value_type=DataType.JSON, follow=True, count=9_999), http
    )

    assert wish == Assign(partitions=[Start("t", last=3)], value_type="JSON")


def test_an_offset_is_of_the_only_partition_or_the_one_that_is_named() -> None:
    five = parse_start("5")
    server = FakeRestServer()
    server.add("t", 2)
    server.add("one")
    server.append("one", *[b"x"] * 5)
    server.append("t", *[b"x"] * 5, partition=1)
    http = HttpClient(transport=server.transport)

    alone = build_wish(asked(topics=["one"], position=five), http)
    named = build_wish(asked(position=five, partitions=[1]), http)

    assert isinstance(alone, Assign)
    assert isinstance(named, Assign)
    assert alone.partitions == [Start("one", partition=0, offset=5)]
    assert named.partitions == [Start("t", partition=1, offset=5)]
    for several in ({"partitions": [0, 1]}, {"topics": ["t", "one"]}, {}):
        with pytest.raises(typer.BadParameter):
            build_wish(asked(position=five, **several), http)


def test_an_offset_beyond_the_end_is_refused(http: HttpClient) -> None:
    with pytest.raises(Refused, match=r"offset 1 of one-0 is outside \[0, 0\]"):
        build_wish(asked(topics=["one"], position=parse_start("1")), http)


def test_a_group_subscribes(http: HttpClient) -> None:
    latest = asked(group="g", position=parse_start("latest"))

    assert build_wish(latest, http) == Subscribe(group="g", topics=("t",), start="latest")
    assert latest.begins_at_end
    assert not asked(group="g").begins_at_end


@pytest.mark.parametrize(
    "fields",
    [{"group": ""}, {"partitions": [0]}, {"position": parse_start("5")}],
)
def test_what_a_group_cannot_do_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(typer.BadParameter):
        asked(**{"group": "g", **fields}).check()
    asked(group="g", position=parse_start("@5")).check()

import struct
from pathlib import Path

import pytest

from app.wire.call import Client
from app.wire.dispatch import Dispatcher, Request, encode_response
from app.wire.errors import MalformedMessage, UnservedRequest
from app.wire.handlers.all_served import SERVED
from app.wire.headers import read_header
from app.wire.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from app.wire.messages.fetch import FetchableTopicResponse, FetchResponse, PartitionData
from app.wire.messages.groups import HeartbeatRequest
from app.wire.registry import Registry
from storage.files import Disk
from storage.segments.log_slice import LogSlice
from tests.support.broker import running_broker
from tests.support.wire_calls import frame_of, response_of

CLIENT = Client(host="127.0.0.1")
ASKING = ApiVersionsRequest(client_software_name="me", client_software_version="1")


async def test_a_request_reaches_its_handler_and_its_answer_has_its_number(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        dispatcher = Dispatcher(Registry(SERVED), broker)
        frame = frame_of(ASKING, 3, correlation_id=77)

        request = dispatcher.handle(CLIENT, read_header(frame), frame)

    assert request.answer is not None
    out, gaps = encode_response(request, request.answer)
    assert (struct.unpack_from(">i", out)[0], gaps) == (len(out) - 4, [])
    correlation_id, response = response_of(out[4:], ApiVersionsResponse, 3)
    assert correlation_id == 77
    assert (response.error_code, bool(response.api_keys)) == (0, True)


async def test_an_unknown_version_of_api_versions_is_answered_in_version_0(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        frame = bytearray(struct.pack(">hhih", 18, 99, 5, -1) + b"\0")
        request = Dispatcher(Registry(SERVED), broker).handle(CLIENT, read_header(frame), frame)

    assert request.answer is not None
    correlation_id, response = response_of(
        encode_response(request, request.answer)[0][4:], ApiVersionsResponse, 0
    )
    assert (correlation_id, response.error_code) == (5, 35)
    assert 18 in [one.api_key for one in response.api_keys]


@pytest.mark.parametrize(("key", "version"), [(999, 0), (-1, 0), (3, 99), (0, 2), (3, -1)])
async def test_what_is_not_served_is_refused(tmp_path: Path, key: int, version: int) -> None:
    async with running_broker(tmp_path) as broker:
        frame = bytearray(struct.pack(">hhih", key, version, 5, -1))

        with pytest.raises(UnservedRequest):
            Dispatcher(Registry(SERVED), broker).handle(CLIENT, read_header(frame), frame)


async def test_a_body_that_ends_early_is_refused(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        frame = frame_of(ASKING, 3)[:-2]

        with pytest.raises(MalformedMessage):
            Dispatcher(Registry(SERVED), broker).handle(CLIENT, read_header(frame), frame)


def test_a_response_s_size_counts_the_records_that_lie_elsewhere(tmp_path: Path) -> None:
    file = Disk().open(tmp_path / "log", create=True)
    file.write(b"x" * 100, 0)
    found = LogSlice(file=file, position=0, size=100, start_offset=0, next_offset=1)
    response = FetchResponse(
        responses=[FetchableTopicResponse(topic="t", partitions=[PartitionData(records=found)])]
    )
    header = read_header(frame_of(HeartbeatRequest(), 0, correlation_id=1))

    out, gaps = encode_response(Request(header, response.__api__, 11, None), response)

    assert struct.unpack_from(">i", out)[0] == len(out) - 4 + 100
    assert [gap.source for gap in gaps] == [found]
    assert gaps[0].position == len(out)

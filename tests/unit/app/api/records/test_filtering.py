import time

import pytest

from app.api.records.filtering import counts_header, filter_of
from app.consumers.filters.record_filter import InvalidFilter
from storage.format.decoder import Columns


async def test_counts_stand_in_a_header() -> None:
    one = filter_of("value.n == 1")
    assert one is not None
    columns = Columns([0, 1], [0, 0], [None] * 2, [b'{"n":1}', b"{}"], [(), ()])
    await one.matching(("t", 0), columns, range(2), time.monotonic)

    assert counts_header(one) == (b"cauce-filter", b"scanned=2, matched=1, failed=1")


def test_there_may_be_none_but_not_a_wrong_one() -> None:
    assert filter_of(None) is None
    with pytest.raises(InvalidFilter):
        filter_of("")

"""Offset map: the last offset of each key, and the memory that it may take."""

from hypothesis import given
from hypothesis import strategies as st

from storage.cleanup.offset_map import ENTRY_BYTES, LONG_KEY_BYTES, OffsetMap

BATCHES = st.lists(
    st.lists(st.one_of(st.none(), st.binary(max_size=3), st.just(b"l" * 100)), max_size=5),
    max_size=8,
)


@given(BATCHES)
def test_last_offset_of_each_key_is_the_last_that_was_put_in(
    batches: list[list[bytes | None]],
) -> None:
    offsets = OffsetMap(1 << 30)
    last: dict[bytes, int] = {}
    end = 0
    for keys in batches:
        numbers = list(range(end, end + len(keys)))
        end += len(keys)
        offsets.put(keys, numbers, end)
        last |= {key: number for key, number in zip(keys, numbers, strict=True) if key is not None}

    assert (len(offsets), offsets.end_offset) == (len(last), end)
    for key, number in last.items():
        assert offsets.are_last([key, key, key], [number - 1, number, number + 1]) == [
            False,
            True,
            True,
        ]
    assert offsets.are_last([None, b"other"], [0, 0]) == [False, True]


def test_long_keys_are_told_apart_and_cost_no_more_than_a_digest() -> None:
    offsets = OffsetMap(3 * ENTRY_BYTES)
    keys = [b"k" * LONG_KEY_BYTES + ending * 1000 for ending in (b"a", b"b")]

    offsets.put(keys, [1, 2], 3)

    assert offsets.are_last(keys, [1, 1]) == [True, False]
    assert not offsets.is_full
    offsets.put([keys[0]], [4], 5)
    assert not offsets.is_full
    offsets.put([b"other"], [5], 6)
    assert offsets.is_full


def test_map_gives_its_memory_back() -> None:
    offsets = OffsetMap(1)
    offsets.put([b"k"], [0], 1)

    offsets.clear()

    assert not offsets._shards

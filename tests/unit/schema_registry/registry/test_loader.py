"""What many ask for at the same time is read together, and after they asked."""

import asyncio
from collections.abc import Collection, Mapping

import pytest

from schema_registry.registry.loader import Loader


class Table:
    """What is read: reads wait until they are let go on."""

    def __init__(self) -> None:
        self.rows = {"a": 1, "b": 2}
        self.reads: list[set[str]] = []
        self.open = asyncio.Event()

    async def read(self, keys: Collection[str]) -> Mapping[str, int]:
        self.reads.append(set(keys))
        await self.open.wait()
        if "broken" in keys:
            raise OSError("gone")
        return {key: self.rows[key] for key in keys if key in self.rows}


async def test_who_asks_during_a_read_is_served_by_the_next_one() -> None:
    table = Table()
    loader = Loader(table.read)

    first = [asyncio.create_task(loader.load([key])) for key in ("a", "b")]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.create_task(loader.load(keys)) for keys in (["a"], ["a", "c"])]
    await asyncio.sleep(0)
    table.rows["a"] = 3
    table.open.set()

    assert await asyncio.gather(*first) == [{"a": 3}, {"b": 2}]
    assert await asyncio.gather(*later) == [{"a": 3}, {"a": 3}]
    assert table.reads == [{"a", "b"}, {"a", "c"}]


async def test_a_failure_is_told_to_all_and_the_next_read_is_not_touched() -> None:
    table = Table()
    table.open.set()
    loader = Loader(table.read)

    found = await asyncio.gather(
        loader.load(["a"]), loader.load(["broken"]), return_exceptions=True
    )

    assert all(isinstance(one, OSError) for one in found)
    assert await loader.load(["a"]) == {"a": 1}


async def test_who_leaves_takes_nobody_along() -> None:
    table = Table()
    loader = Loader(table.read)
    leaving, staying = (asyncio.create_task(loader.load([key])) for key in ("a", "b"))
    await asyncio.sleep(0)

    leaving.cancel()
    table.open.set()

    assert await staying == {"b": 2}
    with pytest.raises(asyncio.CancelledError):
        await leaving

import asyncio
from pathlib import Path

from app.cluster.catalog import Catalog
from app.cluster.database import sqlite_url
from app.cluster.producer_ids import ProducerIds


async def test_no_id_is_given_out_twice_by_nodes_that_ask_at_once_or_start_again(
    tmp_path: Path,
) -> None:
    catalog = await Catalog.open(sqlite_url(tmp_path / "a.db"))
    nodes = [ProducerIds(catalog, block_size=10) for _ in range(3)]

    found = await asyncio.gather(*(node.new() for node in nodes for _ in range(25)))
    again = ProducerIds(catalog, block_size=10)
    found += [await again.new() for _ in range(5)]

    assert len(set(found)) == len(found) == 80
    await catalog.close()

"""Upkeep: uses are written down and expired tokens go, without anybody asking."""

import asyncio
from pathlib import Path

import pytest

from app.cluster.errors import DatabaseUnavailable
from app.security.logins.upkeep import Upkeep
from tests.support.security.login import login
from tests.support.security.records import api_key


async def test_uses_are_written_and_what_is_over_is_forgotten(tmp_path: Path) -> None:
    async with login(tmp_path) as node:
        await node.catalog.create_user("alice")
        await node.catalog.create_api_key(api_key("k1"))
        await node.catalog.revoke_token("over", node.clock.now_ms())
        node.usage.used("k1", 5)
        running = asyncio.create_task(
            Upkeep(node.catalog, node.usage, node.clock, interval_s=0.001).run()
        )

        async with asyncio.timeout(30):
            while (await node.catalog.api_keys())[0].last_used_at_ms != 5:
                await asyncio.sleep(0.005)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

        assert (await node.catalog.load()).revoked == {}


async def test_end_writes_what_is_not_written(tmp_path: Path) -> None:
    async with login(tmp_path) as node:
        await node.catalog.create_user("alice")
        await node.catalog.create_api_key(api_key("k1"))
        node.usage.used("k1", 7)

        await Upkeep(node.catalog, node.usage, node.clock).stop()

        assert [one.last_used_at_ms for one in await node.catalog.api_keys()] == [7]


async def test_database_that_is_away_does_not_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(now_ms: int) -> None:
        raise DatabaseUnavailable(f"away at {now_ms}")

    async with login(tmp_path) as node:
        monkeypatch.setattr(node.catalog, "forget_expired", away)
        running = asyncio.create_task(Upkeep(node.catalog, node.usage, node.clock).run())
        await asyncio.sleep(0.01)

        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert "not forgotten yet: away" in caplog.text

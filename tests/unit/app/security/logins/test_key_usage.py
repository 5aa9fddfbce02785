"""Key usage: written down in one go, and kept while the database is away."""

import pytest

from app.cluster.errors import DatabaseUnavailable
from app.cluster.security_catalog import SecurityCatalog
from app.security.logins.key_usage import KeyUsage


class Written(SecurityCatalog):
    """Takes what is written, or is away."""

    def __init__(self) -> None:
        self.calls: list[dict[str, int]] = []
        self.is_away = False

    async def note_used(self, used_at_ms: dict[str, int]) -> None:  # type: ignore[override]
        if self.is_away:
            raise DatabaseUnavailable("away")
        self.calls.append(dict(used_at_ms))


async def test_last_use_of_each_key_is_written_once(caplog: pytest.LogCaptureFixture) -> None:
    usage, catalog = KeyUsage(), Written()
    usage.used("a", 1)
    usage.used("a", 2)
    catalog.is_away = True
    await usage.write(catalog)
    usage.used("b", 3)
    catalog.is_away = False

    await usage.write(catalog)
    await usage.write(catalog)

    assert catalog.calls == [{"a": 2, "b": 3}]
    assert "not written down: away" in caplog.text

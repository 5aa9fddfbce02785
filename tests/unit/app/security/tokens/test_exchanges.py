"""Exchanges that clients keep: read again in time, by their own address, on every node."""

import pytest

from app.security.tokens.exchanges import LIFE_MS, TEXT_CHARS_MAX, Exchanges

HOST, FIRST = "10.0.0.1", b"n,,n=alice,r=nonce"
EXCHANGES = Exchanges(b"e" * 32)


def test_what_a_client_kept_is_what_was_begun_on_every_node() -> None:
    begun, kept = EXCHANGES.begin("SCRAM-SHA-256", FIRST, HOST, 5)

    assert Exchanges(b"e" * 32).read(kept, HOST, 5 + LIFE_MS - 1) == begun
    assert (begun.first, begun.host, begun.ends_at_ms) == (FIRST, HOST, 5 + LIFE_MS)


def test_each_has_its_own_name() -> None:
    ids = {EXCHANGES.begin("SCRAM-SHA-256", FIRST, HOST, 0)[0].id for _ in range(100)}

    assert len(ids) == 100
    assert max(map(len, ids)) <= 64, "it is a key in the database"


@pytest.mark.parametrize(
    ("secret", "host", "now_ms"),
    [(b"f" * 32, HOST, 0), (b"e" * 32, "10.0.0.2", 0), (b"e" * 32, HOST, LIFE_MS)],
    ids=["another cluster", "another address", "too late"],
)
def test_one_that_does_not_hold_here_is_none(secret: bytes, host: str, now_ms: int) -> None:
    _, kept = EXCHANGES.begin("SCRAM-SHA-256", FIRST, HOST, 0)

    assert Exchanges(secret).read(kept, host, now_ms) is None


def test_any_other_text_is_none() -> None:
    _, kept = EXCHANGES.begin("SCRAM-SHA-256", FIRST, HOST, 0)

    for text in ("", "x", kept[:-1], kept + "A", "A" * (TEXT_CHARS_MAX + 1), "\udcff"):
        assert EXCHANGES.read(text, HOST, 0) is None

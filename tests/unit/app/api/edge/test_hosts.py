"""Hosts: which names a request may call an open node by."""

from typing import Any

import pytest

from app.api.edge import hosts
from app.api.edge.hosts import Hosts, host_name, refusal


def asking(*values: bytes) -> dict[str, Any]:
    return {"headers": [(b"accept", b"*/*"), *((b"host", value) for value in values)]}


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        (b"localhost", True),
        (b"LocalHost:8082", True),
        (b"localhost.:8082", True),
        (b"app.localhost:8082", True),
        (b"127.0.0.1:8082", True),
        (b"192.168.1.7", True),
        (b"[::1]:8082", True),
        (b"[fe80::1]", True),
        (b"kafka.test:1", True),
        (b"KAFKA.test", True),
        (b"b.test", True),
        (b"a.b.test", True),
        (b"evil.example:8082", False),
        (b"kafka.test.evil.example", False),
        (b"ab.test", False),
        (b"localhost.evil.example", False),
        (b"127.0.0.1.evil.example", False),
        (b"evil.example.", False),
        (b"cauce", False),
        (b"", False),
        (b"[", False),
        (b"\xff", False),
    ],
)
def test_addresses_localhost_and_names_that_were_told_are_ours(host: bytes, is_ours: bool) -> None:
    ours = Hosts(["kafka.test", ".b.test"])

    assert [ours.welcomes(asking(host)) for _ in range(2)] == [is_ours] * 2


def test_who_calls_it_nothing_is_no_browser() -> None:
    assert Hosts([]).welcomes(asking())


def test_any_name_is_ours_if_that_is_said() -> None:
    assert Hosts(["*"]).welcomes(asking(b"evil.example"))


def test_names_that_were_seen_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "SEEN_MAX", 10)
    ours = Hosts([])

    for number in range(100):
        assert not ours.welcomes(asking(b"evil%d" % number))

    assert len(ours._seen) <= 10


@pytest.mark.parametrize("host", [b"a." * 16_000, b"." * 32_000, b"x" * 261, b"x" * 32_000])
def test_a_name_longer_than_names_are_is_not_looked_into(
    host: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(hosts, "host_name", lambda text: looked.append(text) or "")
    ours, any_name = Hosts(["kafka.test"]), Hosts(["*"])

    assert not ours.welcomes(asking(host))
    assert any_name.welcomes(asking(host))
    assert looked == []
    assert not ours._seen


def test_the_longest_name_is_ours_if_it_was_told() -> None:
    name = ".".join(["x" * 49] * 5) + ".xyz"  # 253 characters

    assert Hosts([name]).welcomes(asking(f"{name}.:65535".encode()))


def test_a_refusal_says_which_name_and_which_setting() -> None:
    said = refusal(asking(b"evil.example:8082"))

    assert said.endswith("not to 'evil.example'")
    assert "allowed_hosts" in said
    assert len(refusal(asking(b"x" * 10_000))) < 400


def test_host_name_has_no_port() -> None:
    assert [host_name(one) for one in ("a:1", "[::1]:1", "A.b.", " a ")] == ["a", "::1", "a.b", "a"]

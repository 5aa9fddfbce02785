"""The last login of a connection: given again for the same, and for nothing else."""

from typing import Any

import pytest

from app.api.auth.last_login import LAST_LOGIN, REMEMBERED_S, LastLogin, last_login_of
from app.cluster.security_records import SecurityRecords
from app.security.image import SecurityImage, image_of
from app.security.principal import Principal

ALICE = Principal("alice", host="10.0.0.1", expires_at_ms=500)


def image() -> SecurityImage:
    nothing: dict[str, Any] = dict.fromkeys(("users", "scram", "api_keys"), ())
    nothing |= {"delegation_tokens": (), "revoked": {}, "acls": frozenset(), "quotas": {}}
    return image_of(SecurityRecords(version=1, **nothing))


IMAGE = image()


def kept() -> LastLogin:
    last = LastLogin()
    last.keep(b"Bearer key", ALICE, IMAGE, 100.0)
    return last


def asked(**changes: Any) -> dict[str, Any]:
    same = {"header": b"Bearer key", "host": "10.0.0.1", "image": IMAGE, "now": 100.5}
    return {**same, "now_ms": 499} | changes


def test_the_same_is_given_again() -> None:
    assert kept().find(**asked()) is ALICE


@pytest.mark.parametrize(
    "other",
    [
        {"header": b"Bearer kez"},
        {"header": b""},
        {"host": "10.0.0.2"},
        {"image": image()},
        {"image": None},
        {"now": 100.0 + REMEMBERED_S},
        {"now_ms": 500},
    ],
    ids=["header", "nothing", "address", "rules", "no rules", "late", "its end"],
)
def test_anything_else_is_to_be_judged(other: dict[str, Any]) -> None:
    assert kept().find(**asked(**other)) is None


def test_nothing_is_known_at_first_nor_where_nothing_was_loaded() -> None:
    assert LastLogin().find(**asked(header=b"", host="")) is None
    last = LastLogin()
    last.keep(b"Bearer key", ALICE, None, 100.0)
    assert last.find(**asked(image=None)) is None


def test_each_connection_has_its_own() -> None:
    last = LastLogin()
    assert last_login_of({LAST_LOGIN: last}) is last
    assert last_login_of({}) is None

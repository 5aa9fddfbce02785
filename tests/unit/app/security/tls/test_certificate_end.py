"""When the certificate of a door ends, and what is told of that."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.security.tls.certificate_end import CertificateEnd, end_of
from tests.support.security.certificates import write_pair

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
PATH = Path("node.pem")


def lasting(days: float, left: float) -> CertificateEnd:
    """Return a certificate of so many days with so many left."""
    ends = NOW + timedelta(days=left)
    return CertificateEnd(PATH, ends - timedelta(days=days), ends)


@pytest.mark.parametrize(("days", "left"), [(90, 15), (365, 20), (6, 1.1), (3650, 14.1)])
def test_nothing_is_told_while_there_is_time(days: float, left: float) -> None:
    assert lasting(days, left).told(NOW) is None


@pytest.mark.parametrize(("days", "left"), [(90, 14), (3650, 13), (6, 0.9)])
def test_that_it_ends_soon_is_a_warning_with_the_time(days: float, left: float) -> None:
    told = lasting(days, left).told(NOW)

    assert told is not None
    assert told[0] == logging.WARNING
    assert f"{NOW + timedelta(days=left):%Y-%m-%dT%H:%M:%SZ}" in told[1]


def test_that_it_is_over_is_an_error() -> None:
    told = lasting(90, 0).told(NOW)

    assert told is not None
    assert told[0] == logging.ERROR
    assert "node.pem is over since 2026-11-27T12:00:00Z" in told[1]


def test_the_end_is_that_of_the_first_certificate_of_a_file(tmp_path: Path) -> None:
    own, signer = write_pair(tmp_path, "own"), write_pair(tmp_path, "ca", is_expired=True)
    own[0].write_bytes(own[0].read_bytes() + signer[0].read_bytes())

    found = end_of(own[0])

    assert found is not None
    assert found.ends > datetime.now(UTC)
    assert found.told() is None


def test_a_file_that_is_being_replaced_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("x")

    assert end_of(tmp_path / "none.pem") is None
    assert end_of(tmp_path / "absent.pem") is None

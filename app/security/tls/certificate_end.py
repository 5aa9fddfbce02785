"""When the certificate of a door ends, and what is to be told of that.

Called by: node_tls. Calls: files.
Source: RFC 5280, 4.1.2.5.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

SOON = timedelta(days=14)
SOON_PART = 6
"""One that lives shortly is told of in the last sixth of its life."""


@dataclass(frozen=True, slots=True)
class CertificateEnd:
    """The time of one certificate."""

    path: Path
    begins: datetime
    ends: datetime

    def told(self, now: datetime | None = None) -> tuple[int, str] | None:
        """Return what is to be logged, and how severe it is; None while there is time.

        Args:
            now: The clock's if None.
        """
        now = now or datetime.now(UTC)
        when = f"{self.ends:%Y-%m-%dT%H:%M:%SZ}"
        if self.ends <= now:
            return logging.ERROR, f"the certificate in {self.path} is over since {when}: " + (
                "clients refuse it until there is another"
            )
        if self.ends - now <= min(SOON, (self.ends - self.begins) / SOON_PART):
            return logging.WARNING, f"the certificate in {self.path} ends {when}: replace it"
        return None


def end_of(path: Path) -> CertificateEnd | None:
    """Return when the first certificate of a file ends; None if it cannot be read by now."""
    from cryptography import x509  # noqa: PLC0415 - a tenth of a second of every start

    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError):
        return None
    return CertificateEnd(path, found.not_valid_before_utc, found.not_valid_after_utc)

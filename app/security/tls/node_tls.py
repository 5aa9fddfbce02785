"""TLS of a node: the certificate of its doors, and when it is read again.

It is read at the start, on SIGHUP, and when one of its files is another one. New connections see
the new certificate; none that is open is dropped. What cannot be used is logged and changes
nothing; it is tried again, for the files of a pair are not replaced at one moment.
Certificates of clients that were revoked are told to who looks after open connections. That the
node's own ends soon, or is over, is logged.
Called by: main. Calls: live, revoked, certificate_end.
"""

import asyncio
import logging
import ssl
from contextlib import suppress

from app.security.tls.certificate_end import CertificateEnd, end_of
from app.security.tls.certified import CertifiedConnections
from app.security.tls.errors import TlsError
from app.security.tls.live import LiveTls, TlsFiles
from app.security.tls.revoked import RevocationList, RevokedCertificates, problems

_logger = logging.getLogger(__name__)

LOOK_INTERVAL_S = 2.0
"""How soon a file that was replaced is seen."""


class NodeTls:
    """The certificates in use."""

    def __init__(self, http: TlsFiles | None = None, kafka: TlsFiles | None = None) -> None:
        """Read the files.

        Args:
            http: Those of the HTTP door, if it speaks TLS.
            kafka: Those of the Kafka door, likewise.

        Raises:
            TlsError: One of them cannot be read or used.
        """
        self._http = None if http is None else LiveTls(http)
        self._kafka = None if kafka is None else LiveTls(kafka)
        self._doors = [one for one in (self._http, self._kafka) if one is not None]
        self._refused = ""
        self._asked = asyncio.Event()
        self._late: frozenset[str] = frozenset()
        self._end: CertificateEnd | None = None
        self._told: tuple[int, str] | None = None
        self.revoked = RevokedCertificates()
        """Those of the lists that were read last."""

        self.revoked.replace(self.lists)
        self.certified = CertifiedConnections(self.revoked)
        """The connections that such certificates have opened."""

    @property
    def http(self) -> ssl.SSLContext | None:
        """The context of the HTTP door."""
        return None if self._http is None else self._http.context

    @property
    def kafka(self) -> ssl.SSLContext | None:
        """The context of the Kafka door."""
        return None if self._kafka is None else self._kafka.context

    @property
    def is_used(self) -> bool:
        """Whether a door speaks TLS."""
        return bool(self._doors)

    @property
    def lists(self) -> tuple[RevocationList, ...]:
        """What clients' authorities have revoked; nothing without such lists."""
        return self._doors[0].lists if self._doors else ()

    def reload(self) -> None:
        """Have the files read again soon, whether or not they have changed."""
        self._asked.set()

    def look(self, *, is_forced: bool = False) -> None:
        """Read the files again if one of them has changed, or it is forced."""
        self._read(is_forced=is_forced)
        self._publish()

    async def run(self, interval_s: float = LOOK_INTERVAL_S) -> None:
        """Look until cancelled; files are read beside the loop, for lists may be long."""
        self._publish()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(interval_s):
                    await self._asked.wait()
            is_forced = self._asked.is_set()
            self._asked.clear()
            await asyncio.to_thread(self._read, is_forced=is_forced)
            self._publish()

    def _publish(self) -> None:
        """Have those who are revoked by now shut out; say what is not in date."""
        self.revoked.replace(self.lists)
        late = problems(self.lists)
        for issuer in late.keys() - self._late:
            _logger.error(
                "the list of certificates that %s has revoked %s: "
                "none of its clients is let in until there is another",
                *(issuer, late[issuer]),
            )
        self._late = frozenset(late)
        told = None if self._end is None else self._end.told()
        if told is not None and told != self._told:
            _logger.log(*told)
        self._told = told

    def _read(self, *, is_forced: bool) -> None:
        was_read = False
        try:
            for one in self._doors:
                if is_forced:
                    one.reload()
                was_read = is_forced or one.reload_if_changed() or was_read
        except TlsError as error:
            if is_forced or str(error) != self._refused:
                _logger.error("the certificate before stays in use: %s", error)
            self._refused = str(error)
            return
        self._refused = ""
        if self._doors and (was_read or self._end is None):
            self._end = end_of(self._doors[0].certificate)
        if was_read:
            _logger.info("certificate and key are read again: new connections see them")

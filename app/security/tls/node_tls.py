"""TLS of a node: the certificate of its doors, and when it is read again.

It is read at the start, on SIGHUP, and when one of its files is another one. New connections see
the new certificate; none that is open is dropped. What cannot be used is logged and changes
nothing; it is tried again, for the files of a pair are not replaced at one moment.
Called by: main. Calls: live.
"""

import asyncio
import logging
import ssl

from app.security.tls.live import LiveTls, TlsError, TlsFiles

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

    def reload(self) -> None:
        """Read the files again, whether or not they have changed."""
        self._apply(is_forced=True)

    def look(self) -> None:
        """Read the files again if one of them has changed."""
        self._apply(is_forced=False)

    async def run(self, interval_s: float = LOOK_INTERVAL_S) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(interval_s)
            self.look()

    def _apply(self, *, is_forced: bool) -> None:
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
        if was_read:
            _logger.info("certificate and key are read again: new connections see them")

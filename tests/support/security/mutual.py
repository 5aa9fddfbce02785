"""A node whose clients show certificates, and an authority that signs them."""

import os
import ssl
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.support.node import NodeProcess
from tests.support.security.certificates import Pair, client_context, write_pair

RULES = "RULE:^CN=([a-z]+),O=Cauce$/$1/L"


class Mutual:
    """A running node where every client shows a certificate, and certificates."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.ca = write_pair(folder, "ca")
        self.here = write_pair(folder, "here", signer=self.ca)
        self.admin = self.of("admin")
        self.node = NodeProcess(
            folder / "data",
            *("--authentication", "required", "--kafka-security-protocol", "SSL"),
            *("--tls-cert", str(self.here[0]), "--tls-key", str(self.here[1])),
            *("--tls-client-ca", str(self.ca[0]), "--ssl-client-auth", "required", *options),
            tls=self.trusting(self.admin),
        )

    def of(self, name: str, **more: Any) -> Pair:
        """Return a new certificate of somebody."""
        parts = ((NameOID.ORGANIZATION_NAME, "Cauce"), (NameOID.COMMON_NAME, name))
        subject = x509.Name([x509.NameAttribute(*one) for one in parts])
        return write_pair(self.folder, name, subject=subject, **({"signer": self.ca} | more))

    def trusting(self, shows: Pair | None) -> ssl.SSLContext:
        """Return the context of a client."""
        return client_context(shows=shows, believes=self.ca[0])

    def librdkafka(self, shows: Pair) -> dict[str, Any]:
        """Return what a client is set to."""
        return {
            "bootstrap.servers": self.node.bootstrap,
            "security.protocol": "ssl",
            "ssl.ca.location": str(self.ca[0]),
            "ssl.certificate.location": str(shows[0]),
            "ssl.key.location": str(shows[1]),
            "log_level": 0,
        }

    def kafka_python(self, shows: Pair) -> dict[str, Any]:
        """Likewise, of kafka-python."""
        return {
            "bootstrap_servers": self.node.bootstrap,
            "security_protocol": "SSL",
            "ssl_context": self.trusting(shows),
        }

    def start(self) -> None:
        """Start the node, which knows clients by the names in their certificates."""
        os.environ["CAUCE_SSL_PRINCIPAL_MAPPING_RULES"] = RULES
        try:
            self.node.start()
        finally:
            del os.environ["CAUCE_SSL_PRINCIPAL_MAPPING_RULES"]

"""``cauce serve``: start a node in this process. The only command that imports the broker."""

import gc
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cauce.cli.options import examples

PORT_MAX = 65_535
NODE_ID_MAX = 2**31 - 1


class LogLevel(StrEnum):
    """From which severity on something is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class RestCompat(StrEnum):
    """Whose answers REST v2 gives where its dialects contradict each other."""

    CAUCE = "cauce"
    CONFLUENT = "confluent"
    KARAPACE = "karapace"
    STRIMZI = "strimzi"
    REDPANDA = "redpanda"


class WhoLogsIn(StrEnum):
    """Whether clients must log in."""

    NONE = "none"
    REQUIRED = "required"


class SecurityProtocol(StrEnum):
    """What the Kafka door speaks, in Kafka's words."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class ClientAuth(StrEnum):
    """Whether clients show certificates."""

    NONE = "none"
    REQUESTED = "requested"
    REQUIRED = "required"


class LogFormat(StrEnum):
    """How a line of the log looks."""

    TEXT = "text"
    JSON = "json"


LogDirs = Annotated[
    str | None, typer.Option(metavar="A,B", help="Where the logs live, if not in DIR.")
]
LogReserveBytes = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        show_default="128 MiB",
        help="Bytes that produce leaves free on each disk of logs.",
    ),
]

KafkaPort = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=PORT_MAX,
        show_default="9092",
        help="Port of the Kafka protocol; 0 for a free one.",
    ),
]
AdvertisedHost = Annotated[
    str | None,
    typer.Option(metavar="HOST", help="Where Kafka clients are told to connect, if not to host."),
]
AdvertisedPort = Annotated[
    int | None,
    typer.Option(min=1, max=PORT_MAX, help="The port of that, if not the Kafka port."),
]
AutoCreateTopics = Annotated[
    bool | None,
    typer.Option(
        show_default="on", help="Whether a Kafka client that asks for a topic has it made."
    ),
]
PublicUrl = Annotated[str | None, typer.Option(metavar="URL", help="Address that answers link to.")]
WhoseRestV2 = Annotated[
    RestCompat | None,
    typer.Option(show_default="cauce", help="Whose dialect of REST v2 is spoken."),
]

AuthenticationOf = Annotated[
    WhoLogsIn | None,
    typer.Option(
        show_default="none",
        help="Whether clients must log in; where --host is not loopback they must.",
    ),
]
InsecureLocal = Annotated[
    bool | None,
    typer.Option(
        "--insecure-local", help="Say that clients of this machine are meant not to log in."
    ),
]

TlsCert = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Certificate in PEM, then those that signed it: the doors speak TLS."
    ),
]
TlsKey = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Its key in PEM, of mode 0600, no password.")
]
TlsClientCa = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Those who sign certificates of clients, in PEM."),
]
TlsClientCrl = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Lists of the certificates that those revoked, in PEM."),
]
SslClientAuth = Annotated[
    ClientAuth | None,
    typer.Option(show_default="none", help="Whether clients show certificates."),
]
HttpTls = Annotated[
    bool | None,
    typer.Option(show_default="with a certificate", help="Whether the HTTP door speaks TLS."),
]
KafkaSecurityProtocol = Annotated[
    SecurityProtocol | None,
    typer.Option(
        case_sensitive=False,
        show_default="by certificate and logins",
        help="What the Kafka door speaks.",
    ),
]

EXAMPLES = examples(
    "cauce serve",
    "cauce serve --data-dir /var/lib/cauce --host 0.0.0.0 --authentication required",
    "cauce serve --tls-cert node.pem --tls-key node.key",
    "cauce serve --database-url postgresql+psycopg://cauce@db/cauce --node-id 2",
)


def serve(
    *,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", show_default="./data", help="Where the data lives."),
    ] = None,
    log_dirs: LogDirs = None,
    log_reserve_bytes: LogReserveBytes = None,
    http_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=PORT_MAX, show_default="8082", help="Port of REST; 0 for a free one."
        ),
    ] = None,
    kafka_port: KafkaPort = None,
    advertised_host: AdvertisedHost = None,
    advertised_port: AdvertisedPort = None,
    auto_create_topics: AutoCreateTopics = None,
    host: Annotated[
        str | None, typer.Option(show_default="127.0.0.1", help="Address to listen at.")
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Metadata in PostgreSQL instead of a file in DIR."),
    ] = None,
    log_level: Annotated[
        LogLevel | None, typer.Option(show_default="info", help="From which severity on to log.")
    ] = None,
    log_format: Annotated[
        LogFormat | None, typer.Option(show_default="text", help="How a line of the log looks.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML file with settings.", exists=True, dir_okay=False),
    ] = None,
    node_id: Annotated[
        int | None, typer.Option(min=0, max=NODE_ID_MAX, help="Number of this node.")
    ] = None,
    public_url: PublicUrl = None,
    rest_compat: WhoseRestV2 = None,
    authentication: AuthenticationOf = None,
    insecure_local: InsecureLocal = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    tls_client_ca: TlsClientCa = None,
    tls_client_crl: TlsClientCrl = None,
    ssl_client_auth: SslClientAuth = None,
    http_tls: HttpTls = None,
    kafka_security_protocol: KafkaSecurityProtocol = None,
) -> None:
    """Start a node and serve until SIGTERM or Ctrl-C.

    Options win over CAUCE_* environment variables, and these over the file.
    """
    overrides = _given(locals())
    gc.disable()  # until it serves: what is imported and built now lives as long as the process
    from app.main import serve as serve_node

    raise typer.Exit(serve_node(overrides))


def _given(options: dict[str, Any]) -> dict[str, object]:
    """Return the settings that were given as options."""
    named = {("config_file" if name == "config" else name): one for name, one in options.items()}
    return {
        name: one.value if isinstance(one, StrEnum) else one
        for name, one in named.items()
        if one is not None
    }

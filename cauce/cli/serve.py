"""``cauce serve``: start a node in this process. The only command that imports the broker."""

import gc
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cauce.cli.options import examples

PORT_MAX = 65_535

# a panel each: columns are as wide as their longest entry, and names of options must stay whole
DATA, DOORS, TOPICS = "Data", "Doors", "Topics"
LOGINS, TLS, LOG = "Logins", "TLS", "Log"

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
    str | None,
    typer.Option(rich_help_panel=DATA, metavar="A,B", help="Where the logs live, if not in DIR."),
]
LogReserveBytes = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=DATA,
        min=0,
        metavar="N",
        show_default="128 MiB",
        help="Bytes that produce leaves free on each disk of logs.",
    ),
]

KafkaPort = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=DOORS,
        min=0,
        max=PORT_MAX,
        show_default="9092",
        metavar="N",
        help="Port of the Kafka protocol; 0 for a free one.",
    ),
]
AdvertisedHost = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=DOORS,
        metavar="HOST",
        help="Where Kafka clients are told to connect, if not to host.",
    ),
]
AdvertisedPort = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=DOORS,
        min=1,
        max=PORT_MAX,
        metavar="N",
        help="The port of that, if not the Kafka port.",
    ),
]
AutoCreateTopics = Annotated[
    bool | None,
    typer.Option(
        rich_help_panel=TOPICS,
        show_default="on",
        help="Whether a Kafka client that asks for a topic has it made.",
    ),
]
PublicUrl = Annotated[
    str | None,
    typer.Option(rich_help_panel=DOORS, metavar="URL", help="Address that answers link to."),
]
WhoseRestV2 = Annotated[
    RestCompat | None,
    typer.Option(
        rich_help_panel=DOORS, show_default="cauce", help="Whose dialect of REST v2 is spoken."
    ),
]

AuthenticationOf = Annotated[
    WhoLogsIn | None,
    typer.Option(
        rich_help_panel=LOGINS,
        show_default="none",
        help="Whether clients must log in; where --host is not loopback they must.",
    ),
]
InsecureLocal = Annotated[
    bool | None,
    typer.Option(
        "--insecure-local",
        rich_help_panel=LOGINS,
        help="Say that clients of this machine are meant not to log in.",
    ),
]

TlsCert = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=TLS,
        metavar="FILE",
        help="Certificate in PEM, then those that signed it: the doors speak TLS.",
    ),
]
TlsKey = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=TLS, metavar="FILE", help="Its key in PEM, of mode 0600, no password."
    ),
]
TlsClientCa = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=TLS, metavar="FILE", help="Those who sign certificates of clients, in PEM."
    ),
]
TlsClientCrl = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=TLS,
        metavar="FILE",
        help="Lists of the certificates that those revoked, in PEM.",
    ),
]
SslClientAuth = Annotated[
    ClientAuth | None,
    typer.Option(
        rich_help_panel=TLS,
        show_default="none",
        metavar="WHETHER",
        help="Whether clients show certificates: none, requested or required.",
    ),
]
HttpTls = Annotated[
    bool | None,
    typer.Option(
        rich_help_panel=TLS,
        show_default="with a certificate",
        help="Whether the HTTP door speaks TLS.",
    ),
]
KafkaSecurityProtocol = Annotated[
    SecurityProtocol | None,
    typer.Option(
        rich_help_panel=LOGINS,
        case_sensitive=False,
        show_default="by certificate and logins",
        metavar="PROTOCOL",
        help="What the Kafka door speaks: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.",
    ),
]

DataDir = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=DATA, metavar="DIR", show_default="./data", help="Where the data lives."
    ),
]
HttpPort = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=DOORS,
        min=0,
        max=PORT_MAX,
        show_default="8082",
        metavar="N",
        help="Port of REST; 0 for a free one.",
    ),
]
Host = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=DOORS,
        show_default="127.0.0.1",
        metavar="ADDRESS",
        help="Address to listen at.",
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=DATA,
        metavar="URL",
        help="Metadata in PostgreSQL instead of a file in DIR.",
    ),
]
LogLevelOf = Annotated[
    LogLevel | None,
    typer.Option(rich_help_panel=LOG, show_default="info", help="From which severity on to log."),
]
LogFormatOf = Annotated[
    LogFormat | None,
    typer.Option(rich_help_panel=LOG, show_default="text", help="How a line of the log looks."),
]
Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="TOML file with settings.", exists=True, dir_okay=False),
]
NodeId = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=DATA, min=0, max=NODE_ID_MAX, metavar="N", help="Number of this node."
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
    data_dir: DataDir = None,
    log_dirs: LogDirs = None,
    log_reserve_bytes: LogReserveBytes = None,
    http_port: HttpPort = None,
    kafka_port: KafkaPort = None,
    advertised_host: AdvertisedHost = None,
    advertised_port: AdvertisedPort = None,
    auto_create_topics: AutoCreateTopics = None,
    host: Host = None,
    database_url: DatabaseUrl = None,
    log_level: LogLevelOf = None,
    log_format: LogFormatOf = None,
    config: Config = None,
    node_id: NodeId = None,
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

"""Settings: what an operator may choose, from flags, environment, file and defaults, in that order.

Flags win over ``CAUCE_*`` variables, those over the TOML file. Every source is checked alike; an
unknown key in the file or a value out of range is refused by name.
Imported by wiring and main only.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from app.settings_values import AUDITED, SettingsError, checked_value

ENVIRONMENT_PREFIX = "CAUCE_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an operator may choose."""

    data_dir: Path = Path("data")
    """Where the metadata database lives, and the logs unless ``log_dirs`` says otherwise."""

    log_dirs: tuple[Path, ...] = ()
    """Where the logs live (Kafka's ``log.dirs``); the data directory alone if empty."""

    log_reserve_bytes: int = 128 << 20
    """Room that produce leaves free on the disk of each log directory; 0 keeps none."""

    log_retention_check_interval_ms: int = 300_000
    """How often retention looks at the logs."""

    log_cleaner_backoff_ms: int = 15_000
    """How long the cleaner waits when no log is dirty enough to be compacted."""

    log_cleaner_dedupe_buffer_bytes: int = 64 << 20
    """Memory for the keys of one compaction (Kafka's ``log.cleaner.dedupe.buffer.size``)."""

    log_cleaner_io_max_bytes_per_second: int = 0
    """What compaction may read and write; 0 is no limit."""

    host: str = "127.0.0.1"
    """Address that the doors listen on."""

    http_port: int = 8082
    kafka_port: int = 9092
    kafka_connections_max: int = 10_000
    """Connections of the Kafka protocol (Kafka's ``max.connections``)."""

    connections_max_per_ip: int = 10_000
    """Connections of each door from one address (Kafka's ``max.connections.per.ip``)."""

    advertised_host: str | None = None
    """Where Kafka clients are told to connect, if not to ``host`` (``advertised.listeners``)."""

    advertised_port: int | None = None
    """The port of that, if not ``kafka_port``."""

    auto_create_topics: bool = True
    """Whether a Kafka client that asks for a topic has it made (``auto.create.topics.enable``)."""

    node_id: int = 1
    database_url: str | None = field(default=None, repr=False)
    """Metadata database; an SQLite file in the data directory if not given. May hold a secret."""

    public_url: str | None = None
    """What clients see in links, where it is not what they asked for; without a login."""

    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks whose Forwarded and X-Forwarded-* headers are believed."""

    allowed_hosts: tuple[str, ...] = ()
    """Names that an open node answers to over HTTP, beside localhost and addresses; ``*``: any."""

    cors_allowed_origins: tuple[str, ...] = ()
    """Origins whose pages may read answers: exact, ``https://*.example.com``, or ``*``."""

    cors_allowed_methods: tuple[str, ...] = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
    """What such pages may do."""

    cors_allowed_headers: tuple[str, ...] = ("*",)
    """Headers that such pages may send; ``*`` for any."""

    cors_allow_credentials: bool = False
    """Whether such pages may send cookies."""

    cors_max_age_seconds: int = 600
    """How long a browser may remember what it may do."""

    response_compression: bool = True
    """Whether answers are compressed for clients that take it."""

    response_compression_min_bytes: int = 1024
    """Answers smaller than this are not."""

    rest_compat: str = "cauce"
    """Whose answers REST v2 gives where its dialects contradict each other."""

    authentication: str | None = None
    """Whether clients must log in: ``required``, or on loopback ``none``, which is the default."""

    insecure_local: bool = False
    """Whether a node whose clients need not log in is meant; it must listen on loopback."""

    super_users: tuple[str, ...] = ("User:admin",)
    """Principals that may do everything (Kafka's ``super.users``)."""

    sasl_enabled_mechanisms: tuple[str, ...] = (
        *("PLAIN", "OAUTHBEARER", "SCRAM-SHA-256", "SCRAM-SHA-512"),
    )
    """How Kafka clients may log in; the first two are offered over TLS and on loopback alone."""

    connection_failed_authentication_delay_ms: int = 100
    """How long a failed login waits for its answer."""

    connections_max_reauth_ms: int = 0
    """After how long a Kafka connection has to log in anew (KIP-368); 0 for never."""

    sasl_oauthbearer_jwks_endpoint_url: str | None = field(default=None, repr=False)
    """Where an identity provider publishes its keys; the next two are needed with it (KIP-768)."""

    sasl_oauthbearer_jwks_ca_file: Path | None = None
    """Who signs that place's certificate, in PEM; the machine's authorities if not said."""

    sasl_oauthbearer_expected_issuer: str | None = None
    sasl_oauthbearer_expected_audience: tuple[str, ...] = ()
    sasl_oauthbearer_sub_claim_name: str = "sub"
    sasl_oauthbearer_clock_skew_seconds: int = 30
    sasl_oauthbearer_algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256", "EdDSA")

    tls_cert: Path | None = None
    """Certificate of the doors, in PEM, followed by those that signed it; the doors speak TLS."""

    tls_key: Path | None = None
    """Its key, in PEM, without a password, readable by its owner alone."""

    tls_client_ca: Path | None = None
    """Those who sign certificates of clients, in PEM."""

    tls_client_crl: Path | None = None
    """Lists of the certificates that each of those has revoked, in PEM."""

    ssl_client_auth: str = "none"
    """Whether clients show certificates (Kafka's ``ssl.client.auth``)."""

    ssl_principal_mapping_rules: str = "DEFAULT"
    """Who is meant by a certificate (Kafka's ``ssl.principal.mapping.rules``)."""

    http_tls: bool | None = None
    """Whether the HTTP door speaks TLS; if not said, where there is a certificate."""

    kafka_security_protocol: str | None = None
    """What the Kafka door speaks; if not said, it follows from the certificate and the logins."""

    delegation_token_max_lifetime_ms: int = 604_800_000
    """How long a delegation token stands at the most, also one that is renewed."""

    delegation_token_expiry_time_ms: int = 86_400_000
    """For how long a delegation token is given out, or renewed, where nobody says."""

    audit_categories: tuple[str, ...] | None = None
    """What the audit log holds; not to say is all but data where clients must log in, else none."""

    audit_file_bytes_max: int = 100 << 20
    """How large the audit log's file grows before another is begun."""

    audit_files_max: int = 10
    """How many files of the audit log are kept."""

    log_level: str = "info"
    log_format: str = "text"
    num_partitions: int = 1
    """Partitions of a topic whose creator does not say."""

    offsets_topic_num_partitions: int = 50
    """Partitions that ``__consumer_offsets`` is made with."""

    offsets_retention_minutes: int = 10_080
    """How long committed offsets stay that nobody uses."""

    group_initial_rebalance_delay_ms: int = 3_000
    """How long the first member of a group waits for others."""

    group_min_session_timeout_ms: int = 6_000
    """Shortest session time-out that a member may ask for."""

    group_consumer_session_timeout_ms: int = 45_000
    """After how long a member of a consumer group is given up that was not heard of (KIP-848)."""

    group_consumer_heartbeat_interval_ms: int = 5_000
    """How often members of consumer groups are to be heard of (KIP-848)."""

    group_consumer_migration_policy: str = "bidirectional"
    """Whether groups with members may change their protocol, and which way (KIP-848)."""

    quota_window_size_seconds: int = 1
    """Bytes and time that may be used at once under a quota: what it gives in so many seconds."""

    quota_window_num: int = 11
    """Windows whose worth of partitions and connections may come at once under a quota."""

    schema_registry_legacy_answers: bool = False
    """Whether the registry answers as Confluent's before 8.0: no types of Avro, no GUIDs."""

    schema_registry_incompatible_error_code: int = 409
    """The code of an incompatible schema; Confluent's is 40901 since 8.0.4."""

    @property
    def audited(self) -> tuple[str, ...]:
        """What the audit log holds; nothing where it is off."""
        if self.audit_categories is not None:
            return self.audit_categories
        return AUDITED if self.is_login_required else ()

    @property
    def is_login_required(self) -> bool:
        """Whether clients must log in."""
        return self.authentication == "required"

    @property
    def is_http_tls(self) -> bool:
        """Whether the HTTP door speaks TLS."""
        return self.tls_cert is not None and self.http_tls is not False

    @property
    def kafka_protocol(self) -> str:
        """What the Kafka door speaks (``listener.security.protocol.map``)."""
        if self.kafka_security_protocol is not None:
            return self.kafka_security_protocol
        login = "SASL_" if self.is_login_required else ""
        return login + ("SSL" if self.tls_cert else "PLAINTEXT")

    @property
    def is_kafka_tls(self) -> bool:
        """Whether the Kafka door speaks TLS."""
        return self.kafka_protocol.endswith("SSL")


def load_settings(
    flags: Mapping[str, object], environment: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings from all sources.

    Args:
        flags: By field name; ``config_file`` names the TOML file.
        environment: The process's if None.

    Raises:
        SettingsError: Names the setting and what is wrong.
    """
    environment = os.environ if environment is None else environment
    names = [one.name for one in fields(Settings)]
    given = dict(flags)
    config_file = given.pop("config_file", None) or environment.get("CAUCE_CONFIG_FILE")
    values: dict[str, object] = dict(_read_file(Path(str(config_file)))) if config_file else {}
    for name in names:
        variable = ENVIRONMENT_PREFIX + name.upper()
        if variable in environment:
            values[name] = environment[variable]
    values |= {name: value for name, value in given.items() if value is not None}
    unknown = sorted(values.keys() - set(names))
    if unknown:
        raise SettingsError(f"unknown setting {unknown[0]!r}; there are {', '.join(names)}")
    checked = {name: checked_value(name, value) for name, value in values.items()}
    settings = Settings(**checked)  # type: ignore[arg-type] # each check returns its field's type
    _check_openness(settings)
    _check_tls(settings)
    _check_provider(settings)
    if "@" in _netloc(settings.public_url):
        raise SettingsError("public_url must be without a user and password: links show it to all")
    if settings.cors_allow_credentials and "*" in settings.cors_allowed_origins:
        raise SettingsError(
            "cors_allow_credentials must be false while cors_allowed_origins has '*': "
            "name the origins that may send cookies"
        )
    return settings


def _check_openness(settings: Settings) -> None:
    """Refuse a node that anybody on a network could use, and one that is said to be two things.

    Raises:
        SettingsError: Says what to do.
    """
    if settings.is_login_required:
        if settings.insecure_local:
            raise SettingsError("insecure_local must be false while authentication is required")
        return
    if is_loopback(settings.host):
        return
    if settings.insecure_local:
        raise SettingsError(f"insecure_local is for a loopback address, not for {settings.host!r}")
    raise SettingsError(
        f"host {settings.host!r} is reached by other machines, and this node would be open to all "
        "of them: set authentication to required (--authentication required), or listen on "
        "127.0.0.1"
    )


def _check_tls(settings: Settings) -> None:
    """Refuse half a certificate, and TLS without one.

    Raises:
        SettingsError: Says which setting is missing.
    """
    if (settings.tls_cert is None) != (settings.tls_key is None):
        given, missing = ("tls_cert", "tls_key")[:: 1 if settings.tls_cert else -1]
        raise SettingsError(f"{given} needs {missing}: a certificate and its key belong together")
    if (settings.ssl_client_auth == "none") != (settings.tls_client_ca is None):
        raise SettingsError(
            "tls_client_ca and ssl_client_auth (requested or required) need each other"
        )
    if settings.tls_client_crl is not None and settings.tls_client_ca is None:
        raise SettingsError("tls_client_crl needs tls_client_ca")
    protocol = settings.kafka_protocol
    is_sasl = protocol.startswith("SASL_")
    if is_sasl and not settings.is_login_required:
        raise SettingsError(
            f"kafka_security_protocol {protocol} is not for clients that need not log in"
        )
    is_certified = protocol == "SSL" and settings.ssl_client_auth == "required"
    if settings.is_login_required and not (is_sasl or is_certified):
        raise SettingsError(
            f"kafka_security_protocol {protocol} is not for clients that must log in: "
            "they do by SASL, or by SSL with ssl_client_auth required"
        )
    if settings.tls_cert is not None:
        return
    if settings.tls_client_ca is not None:
        raise SettingsError("tls_client_ca needs tls_cert and tls_key")
    if settings.http_tls:
        raise SettingsError("http_tls needs tls_cert and tls_key")
    if settings.is_kafka_tls:
        raise SettingsError(f"kafka_security_protocol {protocol} needs tls_cert and tls_key")


def _check_provider(settings: Settings) -> None:
    """Refuse an identity provider of whom not all is said, or whose keys come in the clear.

    Raises:
        SettingsError: Says which setting is wrong.
    """
    url = settings.sasl_oauthbearer_jwks_endpoint_url
    issuer = settings.sasl_oauthbearer_expected_issuer
    if len({not url, not issuer, not settings.sasl_oauthbearer_expected_audience}) > 1:
        raise SettingsError(
            "sasl_oauthbearer_jwks_endpoint_url, _expected_issuer and _expected_audience "
            "need each other"
        )
    if settings.sasl_oauthbearer_jwks_ca_file is not None and not (url or "").startswith("https:"):
        raise SettingsError("sasl_oauthbearer_jwks_ca_file is for an endpoint URL of https")
    place = urlsplit(url or "https://none")
    is_near = place.scheme == "http" and is_loopback(place.hostname or "")
    if not place.hostname or "@" in place.netloc or not (place.scheme == "https" or is_near):
        raise SettingsError(
            "sasl_oauthbearer_jwks_endpoint_url must be an https URL without a user and password, "
            "or http on loopback"
        )


def _netloc(url: str | None) -> str:
    """Return the host of a URL with what is around it; what does not parse, whole."""
    try:
        return urlsplit(url or "").netloc
    except ValueError:
        return url or ""


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches the address; of names, localhost alone is one."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read_file(path: Path) -> Mapping[str, object]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise SettingsError(f"cannot read settings file {path}: {error.strerror}") from error
    except ValueError as error:  # TOMLDecodeError, or UnicodeDecodeError: TOML is UTF-8
        raise SettingsError(f"settings file {path} is not TOML: {error}") from error

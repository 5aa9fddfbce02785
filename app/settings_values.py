"""What is given for a setting, in whatever form, becomes a value of its type, or is refused.

Called by: settings. Calls: nothing.
"""

import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

PORT_MAX = 65_535

AUDITED = ("authentication", "denied", "admin")
"""What the audit log holds where clients must log in and nothing is said."""

AUDIT_CATEGORIES = (*AUDITED, "produce", "consume")
"""What it can hold."""


class SettingsError(Exception):
    """A setting is unknown or not allowed."""


_FLAGS = frozenset(
    {
        "insecure_local",
        "http_tls",
        "schema_registry_legacy_answers",
        "auto_create_topics",
        "cors_allow_credentials",
        "response_compression",
    }
)
_PATHS = frozenset(
    {
        "data_dir",
        "sasl_oauthbearer_jwks_ca_file",
        "tls_cert",
        "tls_client_ca",
        "tls_client_crl",
        "tls_key",
    }
)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NAME = re.compile(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_ORIGIN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://(\*\.)?(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d{1,5})?")
_PRINCIPAL = re.compile(r"(?!User:ANONYMOUS$)[A-Za-z]+:\S.*")
_MECHANISM = re.compile(r"PLAIN|OAUTHBEARER|SCRAM-SHA-(256|512)")
_CHOICES = {
    "authentication": ("none", "required"),
    "kafka_security_protocol": ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    "ssl_client_auth": ("none", "requested", "required"),
    "log_level": ("debug", "info", "warning", "error"),
    "log_format": ("text", "json"),
    "group_consumer_migration_policy": ("disabled", "downgrade", "upgrade", "bidirectional"),
    "rest_compat": ("cauce", "confluent", "karapace", "strimzi", "redpanda"),
}
_BOUNDS = {
    "schema_registry_incompatible_error_code": (409, 40999),
    "http_port": (0, PORT_MAX),
    "kafka_port": (0, PORT_MAX),
    "kafka_connections_max": (1, 2**31 - 1),
    "connections_max_per_ip": (1, 2**31 - 1),
    "advertised_port": (1, PORT_MAX),
    "connection_failed_authentication_delay_ms": (0, 10_000),
    "connections_max_reauth_ms": (0, 2**31 - 1),
    "node_id": (0, 2**31 - 1),
    "log_reserve_bytes": (0, 2**63 - 1),
    "log_retention_check_interval_ms": (1, 2**31 - 1),
    "log_cleaner_backoff_ms": (1, 2**31 - 1),
    "log_cleaner_dedupe_buffer_bytes": (1 << 20, 2**40),
    "log_cleaner_io_max_bytes_per_second": (0, 2**40),
    "cors_max_age_seconds": (0, 86_400),
    "response_compression_min_bytes": (0, 2**31 - 1),
    "num_partitions": (1, 10_000),
    "offsets_topic_num_partitions": (1, 10_000),
    "offsets_retention_minutes": (1, 2**31 - 1),
    "delegation_token_max_lifetime_ms": (1, 2**53),
    "delegation_token_expiry_time_ms": (1, 2**53),
    "audit_file_bytes_max": (1 << 20, 2**40),
    "audit_files_max": (2, 10_000),
    "group_initial_rebalance_delay_ms": (0, 2**31 - 1),
    "group_min_session_timeout_ms": (1, 1_800_000),
    "group_consumer_session_timeout_ms": (1, 1_800_000),
    "group_consumer_heartbeat_interval_ms": (1, 1_800_000),
    "quota_window_size_seconds": (1, 3600),
    "quota_window_num": (1, 3600),
    "sasl_oauthbearer_clock_skew_seconds": (0, 600),
}


MAY_HOLD_A_SECRET = frozenset({"database_url", "public_url", "sasl_oauthbearer_jwks_endpoint_url"})
"""Settings whose values are in no error."""

_LOGIN_OF_URL = re.compile(r"//[^/@\s]*@")


def _shown(value: object) -> str:
    """Return a value for an error, without what URLs log in with."""
    return _LOGIN_OF_URL.sub("//***@", repr(value))


def checked_value(name: str, value: object) -> object:
    """Return what is given for a setting as its field's type.

    Raises:
        SettingsError: It does not read, or is not one that may be.
    """
    if name in _BOUNDS:
        low, high = _BOUNDS[name]
        try:
            number = int(str(value))
        except ValueError:
            raise SettingsError(f"{name} must be an integer, not {_shown(value)}") from None
        if not low <= number <= high:
            raise SettingsError(f"{name} must be {low} to {high}, not {number}")
        return number
    if name in _FLAGS:
        if str(value).lower() not in ("true", "false"):
            raise SettingsError(f"{name} must be true or false, not {_shown(value)}")
        return str(value).lower() == "true"
    if name == "log_dirs":
        return _check_directories(name, value)
    if name in _LISTS:
        return _check_list(name, value)
    if not isinstance(value, str | Path):
        if name in MAY_HOLD_A_SECRET:
            raise SettingsError(f"{name} must be text")
        raise SettingsError(f"{name} must be text, not {_shown(value)}")
    return _check_text(name, str(value))


def _check_list(name: str, value: object) -> tuple[str, ...]:
    """Return a list of texts, given by commas or as one; an empty text is an empty list."""
    if isinstance(value, str):
        value = [one.strip() for one in value.split(",")] if value.strip() else []
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise SettingsError(f"{name} must be texts, by commas or in a list, not {_shown(value)}")
    what, is_one = _LISTS[name]
    for one in value:
        if not is_one(one):
            raise SettingsError(f"{name} must be {what}, not {_shown(one)}")
    return tuple(value)


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


_ALGORITHM = re.compile("[RPE]S(256|384|512)|EdDSA")
_LISTS: dict[str, tuple[str, Callable[[str], object]]] = {
    "sasl_oauthbearer_expected_audience": ("texts", str),
    "sasl_oauthbearer_algorithms": ("algorithms such as RS256", _ALGORITHM.fullmatch),
    "trusted_proxies": ("addresses or networks such as 10.0.0.0/8", _is_network),
    "allowed_hosts": ("names such as kafka.example.org, .example.org or *", _NAME.fullmatch),
    "cors_allowed_origins": (
        "origins such as https://app.example.com, in lower case and without a path",
        _ORIGIN.fullmatch,
    ),
    "super_users": (
        "principals such as User:admin (never User:ANONYMOUS)",
        _PRINCIPAL.fullmatch,
    ),
    "sasl_enabled_mechanisms": (
        "PLAIN, OAUTHBEARER, SCRAM-SHA-256 or SCRAM-SHA-512",
        _MECHANISM.fullmatch,
    ),
    "audit_categories": (f"some of {', '.join(AUDIT_CATEGORIES)}", AUDIT_CATEGORIES.__contains__),
    "cors_allowed_methods": ("methods", _TOKEN.fullmatch),
    "cors_allowed_headers": ("names of headers", _TOKEN.fullmatch),
}


def _check_directories(name: str, value: object) -> tuple[Path, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise SettingsError(
            f"{name} must be directories, by commas or in a list, not {_shown(value)}"
        )
    found = tuple(Path(str(_check_text(name, one.strip()))) for one in value)
    places = [path.absolute() for path in found]
    for path in places:
        if places.count(path) > 1:
            raise SettingsError(f"{name} must not name {path} twice")
    return found


def _check_text(name: str, text: str) -> object:
    if name in _CHOICES:
        for choice in _CHOICES[name]:
            if text.lower() == choice.lower():
                return choice
        choices = ", ".join(_CHOICES[name])
        raise SettingsError(f"{name} must be one of {choices}, not {_shown(text)}")
    if not text:
        raise SettingsError(f"{name} must not be empty")
    if "\0" in text:
        raise SettingsError(f"{name} must not hold a null character")
    return Path(text) if name in _PATHS else text

"""Settings: which source wins, what each may say, how a refusal names the setting."""

from dataclasses import fields
from pathlib import Path

import pytest

from app.security.audit.event import Category
from app.settings import Settings, load_settings
from app.settings_values import AUDIT_CATEGORIES, SettingsError

NAMES = [field.name for field in fields(Settings)]
FLAGS = [
    "auto_create_topics",
    "cors_allow_credentials",
    "http_tls",
    "insecure_local",
    "response_compression",
    "schema_registry_legacy_answers",
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cauce.toml"


def test_nothing_given_is_the_defaults() -> None:
    assert load_settings({}, {}) == Settings()


def test_flag_wins_over_variable_and_variable_over_file(file: Path) -> None:
    file.write_text("http_port = 1\nkafka_port = 1\nnode_id = 1\nnum_partitions = 1\n")
    environment = {"CAUCE_KAFKA_PORT": "2", "CAUCE_NODE_ID": "2", "CAUCE_NUM_PARTITIONS": "2"}

    loaded = load_settings({"node_id": 3, "num_partitions": 3, "config_file": file}, environment)

    found = (loaded.http_port, loaded.kafka_port, loaded.node_id, loaded.num_partitions)
    assert found == (1, 2, 3, 3)


def test_flag_that_was_not_given_leaves_what_others_say() -> None:
    assert load_settings({"http_port": None}, {"CAUCE_HTTP_PORT": "1"}).http_port == 1


def test_flag_of_zero_is_given() -> None:
    assert load_settings({"http_port": 0}, {"CAUCE_HTTP_PORT": "1"}).http_port == 0


def test_file_may_be_named_by_a_variable_and_a_flag_names_another(
    file: Path, tmp_path: Path
) -> None:
    file.write_text("http_port = 1")
    other = tmp_path / "other.toml"
    other.write_text("http_port = 2")
    environment = {"CAUCE_CONFIG_FILE": str(file)}

    assert load_settings({}, environment).http_port == 1
    assert load_settings({"config_file": None}, environment).http_port == 1
    assert load_settings({"config_file": other}, environment).http_port == 2


def assert_security(loaded: Settings) -> None:
    assert (loaded.authentication, loaded.insecure_local) == ("required", False)
    assert loaded.super_users == ("User:root", "User:CN=ops")
    assert loaded.sasl_enabled_mechanisms == ("SCRAM-SHA-256", "SCRAM-SHA-512")
    assert loaded.connection_failed_authentication_delay_ms == 11
    assert loaded.connections_max_reauth_ms == 12
    assert loaded.audited == ("admin", "denied")
    assert (loaded.audit_file_bytes_max, loaded.audit_files_max) == (1_048_577, 3)


TEXTS = {
    "data_dir": "d",
    "log_dirs": "a, b",
    "log_reserve_bytes": "5",
    "host": "::1",
    "http_port": "1",
    "kafka_port": "2",
    "kafka_connections_max": "9",
    "connections_max_per_ip": "10",
    "group_consumer_migration_policy": "upgrade",
    "advertised_host": "h",
    "advertised_port": "8",
    "auto_create_topics": "FALSE",
    "node_id": "3",
    "database_url": "sqlite:///x",
    "public_url": "http://x",
    "trusted_proxies": "10.0.0.0/8, ::1",
    "allowed_hosts": "kafka.test, .b.test",
    "cors_allowed_origins": "https://a.test, https://*.b.test:8443, null",
    "cors_allowed_methods": "GET,POST",
    "cors_allowed_headers": "",
    "cors_allow_credentials": "true",
    "cors_max_age_seconds": "9",
    "response_compression": "false",
    "response_compression_min_bytes": "10",
    "rest_compat": "Strimzi",
    "authentication": "Required",
    "insecure_local": "false",
    "tls_cert": "node.pem",
    "tls_key": "node.key",
    "tls_client_ca": "clients.pem",
    "tls_client_crl": "revoked.pem",
    "ssl_client_auth": "Required",
    "ssl_principal_mapping_rules": "DEFAULT",
    "http_tls": "false",
    "kafka_security_protocol": "sasl_ssl",
    "super_users": "User:root, User:CN=ops",
    "sasl_enabled_mechanisms": "SCRAM-SHA-256, SCRAM-SHA-512",
    "sasl_oauthbearer_jwks_endpoint_url": "https://issuer.test/jwks",
    "sasl_oauthbearer_jwks_ca_file": "authorities.pem",
    "sasl_oauthbearer_expected_issuer": "https://issuer.test",
    "sasl_oauthbearer_expected_audience": "cauce, other",
    "sasl_oauthbearer_sub_claim_name": "email",
    "sasl_oauthbearer_clock_skew_seconds": "5",
    "sasl_oauthbearer_algorithms": "ES256",
    "connection_failed_authentication_delay_ms": "11",
    "connections_max_reauth_ms": "12",
    "delegation_token_max_lifetime_ms": "1000",
    "delegation_token_expiry_time_ms": "100",
    "audit_categories": "admin, denied",
    "audit_file_bytes_max": "1048577",
    "audit_files_max": "3",
    "log_level": "ERROR",
    "log_format": "json",
    "num_partitions": "4",
    "log_retention_check_interval_ms": "6",
    "log_cleaner_backoff_ms": "7",
    "log_cleaner_dedupe_buffer_bytes": "2097152",
    "log_cleaner_io_max_bytes_per_second": "8",
    "offsets_topic_num_partitions": "5",
    "offsets_retention_minutes": "6",
    "group_initial_rebalance_delay_ms": "7",
    "group_min_session_timeout_ms": "8",
    "group_consumer_session_timeout_ms": "9",
    "group_consumer_heartbeat_interval_ms": "10",
    "quota_window_size_seconds": "2",
    "quota_window_num": "3",
    "schema_registry_legacy_answers": "true",
    "schema_registry_incompatible_error_code": "40901",
}


def test_every_setting_has_a_variable() -> None:
    loaded = load_settings({}, {f"CAUCE_{name.upper()}": text for name, text in TEXTS.items()})

    assert TEXTS.keys() == set(NAMES)
    assert (loaded.data_dir, loaded.log_level) == (Path("d"), "error")
    assert loaded.log_dirs == (Path("a"), Path("b"))
    assert (loaded.http_port, loaded.kafka_port, loaded.node_id) == (1, 2, 3)
    assert (loaded.advertised_host, loaded.advertised_port) == ("h", 8)
    assert (loaded.kafka_connections_max, loaded.auto_create_topics) == (9, False)
    assert loaded.trusted_proxies == ("10.0.0.0/8", "::1")
    assert loaded.allowed_hosts == ("kafka.test", ".b.test")
    assert loaded.cors_allowed_origins == ("https://a.test", "https://*.b.test:8443", "null")
    assert (loaded.cors_allowed_methods, loaded.cors_allowed_headers) == (("GET", "POST"), ())
    assert (loaded.cors_allow_credentials, loaded.response_compression) == (True, False)
    assert_security(loaded)
    assert loaded.schema_registry_legacy_answers is True
    assert loaded.schema_registry_incompatible_error_code == 40_901
    assert loaded != Settings()


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("trusted_proxies", "proxy.test", "must be addresses or networks"),
        ("allowed_hosts", "http://kafka.test", "must be names such as kafka.example.org"),
        ("allowed_hosts", "kafka.test:8082", "must be names such as kafka.example.org"),
        ("cors_allowed_origins", "a.test", "must be origins such as"),
        ("cors_allowed_origins", "https://a.test/", "must be origins such as"),
        ("cors_allowed_origins", "https://A.test", "must be origins such as"),
        ("cors_allowed_origins", "https://a.*.test", "must be origins such as"),
        ("cors_allowed_origins", "https://a.test,", "must be origins such as"),
        (
            "audit_categories",
            "admin,all",
            "must be some of authentication, denied, admin, produce, consume",
        ),
        ("super_users", "admin", "must be principals such as User:admin"),
        ("super_users", "User:root,User:ANONYMOUS", "must be .*never User:ANONYMOUS"),
        (
            "sasl_enabled_mechanisms",
            "PLAIN,GSSAPI",
            "must be PLAIN, OAUTHBEARER, SCRAM-",
        ),
        ("sasl_oauthbearer_algorithms", "RS256,none", "must be algorithms such as RS256"),
        ("cors_allowed_methods", ["GET POST"], "must be methods"),
        ("cors_allowed_headers", ["a:b"], "must be names of headers"),
        ("cors_allowed_headers", [1], "must be texts, by commas or in a list"),
    ],
)
def test_list_is_refused_by_the_entry_that_does_not_read(
    name: str, value: object, problem: str
) -> None:
    with pytest.raises(SettingsError, match=f"{name} {problem}"):
        load_settings({name: value}, {})


def test_audit_log_is_there_where_clients_must_log_in_unless_it_is_switched_off() -> None:
    assert set(AUDIT_CATEGORIES) == {category.value for category in Category}
    assert Settings().audited == ()
    assert Settings(authentication="required").audited == ("authentication", "denied", "admin")
    assert Settings(authentication="required", audit_categories=()).audited == ()


def test_cookies_of_every_origin_are_refused() -> None:
    with pytest.raises(SettingsError, match="cors_allow_credentials must be false"):
        load_settings({"cors_allow_credentials": "true", "cors_allowed_origins": "*"}, {})


@pytest.mark.parametrize("value", ["", "yes", 1])
def test_flag_in_another_form_is_refused(value: object) -> None:
    with pytest.raises(SettingsError, match="auto_create_topics must be true or false"):
        load_settings({"auto_create_topics": value}, {})


def test_environment_is_that_of_the_process_when_none_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CAUCE_HTTP_PORT", "1")

    assert load_settings({}).http_port == 1


def test_variables_of_others_are_not_ours() -> None:
    assert load_settings({}, {"CAUCE_URL": "x", "HTTP_PORT": "1"}) == Settings()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in FLAGS])
@pytest.mark.parametrize("value", ["true", "[1]", "{a = 1}", "1.5", "2026-01-01"])
def test_value_of_another_kind_in_the_file_is_refused_by_name(
    file: Path, name: str, value: str
) -> None:
    file.write_text(f"{name} = {value}")

    with pytest.raises(SettingsError, match=f"{name} must be "):
        load_settings({"config_file": file}, {})


def test_unknown_key_in_the_file_is_refused_by_name_and_says_which_there_are(file: Path) -> None:
    file.write_text("http_port = 1\nhtttp_port = 2\n")

    with pytest.raises(SettingsError, match=r"'htttp_port'; there are .*http_port"):
        load_settings({"config_file": file}, {})


def test_file_cannot_name_another_file(file: Path) -> None:
    file.write_text('config_file = "other.toml"')

    with pytest.raises(SettingsError, match="'config_file'"):
        load_settings({"config_file": file}, {})


@pytest.mark.parametrize("text", [b"http_port = ", b"host = 'a", b"# caf\xe9\n", b"\xff\xfe"])
def test_file_that_is_not_toml_is_refused_by_its_path(file: Path, text: bytes) -> None:
    file.write_bytes(text)

    with pytest.raises(SettingsError, match=r"cauce\.toml is not TOML"):
        load_settings({"config_file": file}, {})


def test_file_that_cannot_be_read_is_refused_by_its_path_and_reason(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml: No such file"):
        load_settings({"config_file": tmp_path / "none.toml"}, {})
    with pytest.raises(SettingsError, match="Is a directory"):
        load_settings({}, {"CAUCE_CONFIG_FILE": str(tmp_path)})


def test_empty_file_and_empty_name_of_one_say_nothing(file: Path) -> None:
    file.touch()

    assert load_settings({"config_file": file}, {}) == Settings()
    assert load_settings({}, {"CAUCE_CONFIG_FILE": ""}) == Settings()


def test_flags_given_are_not_changed() -> None:
    flags = {"http_port": 1, "config_file": None}

    load_settings(flags, {})

    assert flags == {"http_port": 1, "config_file": None}


def test_log_directories_are_a_list_in_the_file_and_by_commas_elsewhere(file: Path) -> None:
    file.write_text('log_dirs = ["/a", "b,c"]')

    in_file = load_settings({"config_file": file}, {})
    in_flag = load_settings({"log_dirs": "/a,b"}, {"CAUCE_LOG_DIRS": "c"})

    assert in_file.log_dirs == (Path("/a"), Path("b,c"))
    assert in_flag.log_dirs == (Path("/a"), Path("b"))


@pytest.mark.parametrize("text", ["", ",", "a,,b", " "])
def test_empty_log_directory_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="log_dirs must not be empty"):
        load_settings({"log_dirs": text}, {})


def test_log_directory_that_is_named_twice_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"log_dirs must not name .*/a twice"):
        load_settings({"log_dirs": f"a,{Path.cwd() / 'a'}"}, {})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_node_that_only_this_machine_reaches_may_be_open(host: str) -> None:
    assert not load_settings({"host": host}, {}).is_login_required
    assert load_settings({"host": host, "insecure_local": True}, {}).insecure_local
    assert load_settings({"host": host, "authentication": "none"}, {}).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "kafka.test", "localhost.test"])
def test_node_that_others_reach_is_never_open(host: str) -> None:
    for open_to_all in ({}, {"authentication": "none"}):
        with pytest.raises(SettingsError, match="set authentication to required"):
            load_settings({"host": host, **open_to_all}, {})
    for more in ({}, {"authentication": "none"}):
        with pytest.raises(SettingsError, match="insecure_local is for a loopback address"):
            load_settings({"host": host, "insecure_local": True, **more}, {})
    assert load_settings({"host": host, "authentication": "required"}, {}).is_login_required


def test_node_is_not_both_open_and_closed() -> None:
    with pytest.raises(SettingsError, match="insecure_local must be false"):
        load_settings({"authentication": "required", "insecure_local": "true"}, {})


def test_secret_of_the_database_is_not_in_what_settings_look_like() -> None:
    settings = load_settings({"database_url": "postgresql://u:canary@h/d"}, {})

    assert settings.database_url == "postgresql://u:canary@h/d"
    assert "canary" not in repr(settings)
    provider = Settings(sasl_oauthbearer_jwks_endpoint_url="https://h/keys?token=canary")
    assert "canary" not in repr(provider)


LOGIN = "https://u:canary@host/p"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", ["postgresql://u:canary@h/d"]),
        ("database_url", {"password": "canary"}),
        ("public_url", LOGIN),
        ("public_url", [LOGIN]),
        ("public_url", "https://[u:canary@host"),
        ("sasl_oauthbearer_jwks_endpoint_url", LOGIN),
        ("sasl_oauthbearer_jwks_endpoint_url", [LOGIN]),
        ("cors_allowed_origins", LOGIN),
        ("cors_allowed_origins", [LOGIN, 1]),
        ("trusted_proxies", [LOGIN]),
        ("super_users", "//u:canary@host"),
        ("log_level", LOGIN),
        ("http_port", LOGIN),
        ("http_tls", LOGIN),
        ("log_dirs", {LOGIN: 1}),
    ],
)
def test_no_refusal_repeats_what_a_url_logs_in_with(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings({name: value}, {})

    assert "canary" not in str(caught.value)


def test_no_key_or_line_of_a_file_is_repeated_with_its_value(file: Path) -> None:
    for text in ('databse_url = "canary"', 'database_url = "canary', "= canary", "canary"):
        file.write_text(text)
        with pytest.raises(SettingsError) as caught:
            load_settings({"config_file": file}, {})
        assert "canary" not in str(caught.value)


PAIR = {"tls_cert": "node.pem", "tls_key": "node.key"}


def test_a_certificate_and_its_key_put_both_doors_on_tls() -> None:
    loaded = load_settings(PAIR, {})

    assert (loaded.tls_cert, loaded.tls_key) == (Path("node.pem"), Path("node.key"))
    assert loaded.is_http_tls
    assert loaded.is_kafka_tls
    assert loaded.kafka_protocol == "SSL"


@pytest.mark.parametrize(("flags", "protocol"), [(PAIR, "SASL_SSL"), ({}, "SASL_PLAINTEXT")])
def test_where_clients_must_log_in_the_kafka_door_has_sasl(
    flags: dict[str, object], protocol: str
) -> None:
    loaded = load_settings(flags | {"authentication": "required"}, {})

    assert loaded.kafka_protocol == protocol


def test_without_a_certificate_no_door_speaks_tls() -> None:
    loaded = load_settings({}, {})

    assert not loaded.is_http_tls
    assert not loaded.is_kafka_tls
    assert loaded.kafka_protocol == "PLAINTEXT"


@pytest.mark.parametrize(
    ("said", "is_http_tls", "is_kafka_tls"),
    [({"http_tls": "false"}, False, True), ({"kafka_security_protocol": "plaintext"}, True, False)],
)
def test_a_door_may_be_left_without_tls(
    said: dict[str, object], is_http_tls: bool, is_kafka_tls: bool
) -> None:
    loaded = load_settings(PAIR | said, {})

    assert (loaded.is_http_tls, loaded.is_kafka_tls) == (is_http_tls, is_kafka_tls)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"tls_cert": "a"}, "tls_cert needs tls_key"),
        ({"tls_key": "a"}, "tls_key needs tls_cert"),
        ({"http_tls": "true"}, "http_tls needs tls_cert"),
        ({"kafka_security_protocol": "SSL"}, "kafka_security_protocol SSL needs tls_cert"),
        ({"kafka_security_protocol": "TLS"}, "must be one of PLAINTEXT, SSL"),
        ({"kafka_security_protocol": "SASL_PLAINTEXT"}, "clients that need not log in"),
        (
            {"kafka_security_protocol": "PLAINTEXT", "authentication": "required"},
            "clients that must log in",
        ),
        (
            PAIR | {"kafka_security_protocol": "SSL", "authentication": "required"},
            "clients that must log in",
        ),
        ({"tls_client_ca": "a"}, "tls_client_ca and ssl_client_auth"),
        ({"tls_client_crl": "a"}, "tls_client_crl needs tls_client_ca"),
        ({"ssl_client_auth": "required"}, "tls_client_ca and ssl_client_auth"),
        (
            {"ssl_client_auth": "required", "tls_client_ca": "a"},
            "tls_client_ca needs tls_cert and tls_key",
        ),
        ({"ssl_client_auth": "maybe"}, "must be one of none, requested, required"),
        ({"tls_cert": ""}, "tls_cert must not be empty"),
    ],
)
def test_half_of_a_certificate_and_tls_without_one_are_refused(
    flags: dict[str, object], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings(flags, {})


def test_certificates_stand_for_logins_where_every_kafka_client_has_one() -> None:
    certified = {"tls_client_ca": "ca.pem", "ssl_client_auth": "required"}
    closed = {"authentication": "required", "kafka_security_protocol": "SSL"}

    assert load_settings(PAIR | certified | closed, {}).kafka_protocol == "SSL"
    with pytest.raises(SettingsError, match="clients that must log in"):
        load_settings(PAIR | certified | closed | {"ssl_client_auth": "requested"}, {})


URL = "sasl_oauthbearer_jwks_endpoint_url"
CA_FILE = "sasl_oauthbearer_jwks_ca_file"
PROVIDER = {name: text for name, text in TEXTS.items() if "_expected_" in name or name == URL}


@pytest.mark.parametrize("missing", PROVIDER)
def test_provider_of_whom_not_all_is_said_is_refused(missing: str) -> None:
    with pytest.raises(SettingsError, match="need each other"):
        load_settings({**PROVIDER, missing: None}, {})


def test_who_signs_the_providers_certificate_is_said_where_it_has_one() -> None:
    for url in ("http://127.0.0.1:1/jwks", None):
        provider = PROVIDER | {URL: url} if url else {}
        with pytest.raises(SettingsError, match="is for an endpoint URL of https"):
            load_settings(provider | {CA_FILE: "ca.pem"}, {})


def test_keys_come_over_tls_or_from_this_machine() -> None:
    for good in ("http://127.0.0.1:1/jwks", "http://localhost/jwks"):
        load_settings({**PROVIDER, URL: good}, {})
    for bad in (
        "http://a.test/jwks",
        "https://u:secret@a.test/",
        "file:///etc/passwd",
        "https:///",
    ):
        with pytest.raises(SettingsError, match="must be an https URL") as caught:
            load_settings({**PROVIDER, URL: bad}, {})
        assert "secret" not in str(caught.value)

"""Wiring: reads the settings, builds every object once, owns the background tasks.

The order of the start: database and cluster id, data directory (lock, recovery), registration,
metadata image, background work; the doors open last. The end is the reverse: the doors drain
first, then what was appended is synced, logs are closed cleanly, connections given back.
"""

import asyncio
import logging
import resource
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from app.api.edge.addresses import Addresses
from app.api.edge.compression import Compression
from app.api.edge.cors import Cors, CorsRules
from app.api.edge.edge import Edge
from app.api.edge.hosts import Hosts
from app.api.resume_tokens import SECRET_NAME, ResumeTokens
from app.broker.context import BrokerContext, BrokerLimits
from app.broker.partitioner import Partitioner
from app.broker.schema_checks import SchemaChecks
from app.broker.security.audit_topic import AuditTopic
from app.cluster.catalog import Catalog
from app.cluster.database import sqlite_url
from app.cluster.metadata_image import BrokerRegistration
from app.cluster.producer_ids import ProducerIds
from app.cluster.registry_database import registry_transactions
from app.cluster.watcher import MetadataWatcher
from app.consumers.sessions import Sessions
from app.coordinators.groups.consumer_protocol.members_at_work import ConsumerGroupRules
from app.coordinators.groups.consumer_protocol.migration import MigrationPolicy
from app.coordinators.groups.coordinator import GroupCoordinator
from app.coordinators.groups.generations import MembershipLimits
from app.coordinators.groups.offsets_topic import OffsetsTopic
from app.coordinators.groups.rules import GroupRules
from app.coordinators.groups.shards import Shards
from app.replication.cleaning import CleanerConfig
from app.replication.housekeeping import HousekeepingConfig
from app.replication.replica_manager import DiskThreads, ReplicaConfig, ReplicaManager
from app.security.acls import AllowAll, Authorizer
from app.security.audit.audit import NoAudit
from app.security.audit.event import Category
from app.security.audit.file import FILE as AUDIT_FILE
from app.security.audit.file import AuditFile
from app.security.audit.log import AuditLog
from app.security.audit.traffic import Traffic
from app.security.authenticator import Authenticator
from app.security.authorizer.authorizer import AclAuthorizer
from app.security.grants import Grants
from app.security.node_security import NodeSecurity
from app.security.private_files import keep_private
from app.security.quota_windows.engine import Windows
from app.security.quotas import ClientQuotas
from app.security.tls.live import ClientAuth, TlsFiles, check_authorities
from app.security.tls.node_tls import NodeTls
from app.security.tls.principal_mapping import BadRule, PrincipalMapping
from app.security.tls.revoked import RevokedCertificates
from app.security.tokens.oidc_rules import OidcRules
from app.security.watcher import SecurityWatcher
from app.settings import Settings
from app.settings_values import SettingsError
from app.telemetry.clock import SystemClock
from app.telemetry.memory import FreedMemory
from schema_registry.registry.context import RegistryContext
from schema_registry.registry.parsed import ParsedSchemas
from schema_registry.registry.views import Views
from schema_registry.registry.workers import Workers
from schema_registry.serdes.serdes import Serdes, serdes_of
from schema_registry.sql_store.sql_store import SqlStore
from storage.errors import LogDirLocked, WrongLogDir
from storage.files import Disk
from storage.log_dir import LOCK
from storage.log_manager import LogManager
from storage.meta_properties import META

_logger = logging.getLogger(__name__)

READ_THREADS = 4

OPEN_FILES_MAX = 100_000
"""More log files than this are not kept open, whatever the system allows."""

DATABASE_FILE = "cauce.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One running instance."""

    settings: Settings
    context: BrokerContext
    sessions: Sessions
    """Consumers that live on the server."""

    tokens: ResumeTokens
    """What consumers of the doors are given to go on from."""

    registry: RegistryContext
    """The schema registry."""

    authenticator: Authenticator
    """Judges what clients show, also where they need not show anything."""

    grants: Grants
    """Gives clients tokens for what they show."""

    background: asyncio.Task[None]
    """Ends only when the node does, or when it cannot go on."""


@asynccontextmanager
async def running_node(
    settings: Settings, revoked: RevokedCertificates | None = None
) -> AsyncIterator[Node]:
    """Run a node for the length of the block, without its doors.

    Args:
        settings: The node's.
        revoked: Certificates of clients that are good no more; none if None.

    Raises:
        LogDirLocked: Another process has the data directory, or a log directory.
        WrongLogDir: A log directory is another node's, or the data directory should be one.
        CatalogError: The database refuses or is away.
        AuditUnwritable: The first user cannot be written down.
        InsecureFile: The first user's password can be read by others.
        DiskError: The disk failed, that of every log directory.
    """
    disk = Disk()
    disk.make_directory(settings.data_dir.absolute())
    directory = settings.data_dir.resolve()
    url = settings.database_url or sqlite_url(directory / DATABASE_FILE)
    with _holding(disk, directory, settings.log_dirs) as log_dirs:
        keep_private([directory, *log_dirs])
        catalog = await Catalog.open(url)
        try:
            cluster_id = await catalog.cluster_id()
            logs = await asyncio.to_thread(
                LogManager.open,
                log_dirs,
                cluster_id=cluster_id,
                node_id=settings.node_id,
                disk=Disk(open_files_max=_open_files_max()),
                reserve_bytes=settings.log_reserve_bytes,
            )
            try:
                async with _running(settings, catalog, logs, revoked) as node:
                    yield node
            finally:
                await asyncio.to_thread(logs.close)
        finally:
            await catalog.close()


@contextmanager
def _holding(disk: Disk, data_dir: Path, log_dirs: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """Yield the log directories; hold the data directory if it is none of them.

    Raises:
        LogDirLocked: Another process has the data directory.
        WrongLogDir: It holds logs, and is none of the log directories.
    """
    found = [path.absolute().resolve() for path in log_dirs] or [data_dir]
    if data_dir in found:
        yield found
        return
    if disk.exists(data_dir / META):
        raise WrongLogDir(
            f"{data_dir} is a log directory, but log_dirs does not name it: "
            "add it, or move away what it holds"
        )
    lock = disk.lock(data_dir / LOCK)
    if lock is None:
        raise LogDirLocked(data_dir)
    try:
        yield found
    finally:
        lock.release()


@asynccontextmanager
async def _running(
    settings: Settings, catalog: Catalog, logs: LogManager, revoked: RevokedCertificates | None
) -> AsyncIterator[Node]:
    await catalog.register_broker(
        BrokerRegistration(
            node_id=settings.node_id,
            host=settings.advertised_host or settings.host,
            http_port=settings.http_port,
            kafka_port=settings.advertised_port or settings.kafka_port,
        )
    )
    with (
        ThreadPoolExecutor(len(logs.directories), thread_name_prefix="sync") as sync,
        ThreadPoolExecutor(READ_THREADS, thread_name_prefix="read") as reads,
        ThreadPoolExecutor(1, thread_name_prefix="cleaner") as cleaner,
    ):
        threads = DiskThreads(sync=sync, reads=reads, cleaner=cleaner)
        clock = SystemClock()
        replicas = ReplicaManager(settings.node_id, logs, threads, clock, _replica_config(settings))
        replicas.delete_leftovers(await catalog.deleted_topic_ids())
        watcher = MetadataWatcher(catalog)
        image = await watcher.refresh()
        replicas.report_unknown_logs(image)
        watcher.subscribe(replicas.apply_image)
        security = await NodeSecurity.open(
            *(catalog, clock, settings.data_dir.resolve()),
            is_required=settings.is_login_required,
            failed_login_delay_s=settings.connection_failed_authentication_delay_ms / 1000,
            mapping=PrincipalMapping(settings.ssl_principal_mapping_rules),
            revoked=revoked,
            oidc=_oidc_rules(settings),
            audit=_audit(settings, clock, await catalog.cluster_id()),
        )
        _report_openness(settings, security)
        workers = Workers()
        registry = _registry(catalog, workers)
        serdes = serdes_of(registry)
        context = _context(settings, catalog, watcher, security, replicas, clock, serdes)
        if security.audit is not None:
            security.audit.feed = AuditTopic(context)
            security.audit.traffic = context.traffic
        tokens = ResumeTokens(await catalog.secret(SECRET_NAME))
        sessions = Sessions(context)
        background = asyncio.create_task(
            _background(replicas, watcher, security, context.groups, sessions), name="background"
        )
        try:
            yield Node(
                settings=settings,
                context=context,
                sessions=sessions,
                tokens=tokens,
                registry=registry,
                authenticator=security.authenticator,
                grants=security.grants,
                background=background,
            )
            await sessions.stop()
            await security.stop()
            await _drain(replicas, background)
        finally:
            workers.close()
            background.cancel()
            await asyncio.gather(background, return_exceptions=True)
            security.close()


def _context(
    settings: Settings,
    catalog: Catalog,
    watcher: MetadataWatcher,
    security: NodeSecurity,
    replicas: ReplicaManager,
    clock: SystemClock,
    serdes: Serdes,
) -> BrokerContext:
    """Return what the verbs work with."""
    windows = Windows(
        samples=settings.quota_window_num, window_ms=settings.quota_window_size_seconds * 1000
    )
    quotas = ClientQuotas(clock, windows)
    security.watcher.subscribe(quotas.apply_image)
    shards = Shards(
        clock,
        watcher,
        replicas,
        OffsetsTopic(catalog, watcher, settings.offsets_topic_num_partitions),
        node_id=settings.node_id,
        rules=_group_rules(settings),
    )
    authorizer = _authorizer(settings, security.watcher)
    audit = security.audit or NoAudit()
    return BrokerContext(
        clock=clock,
        node_id=settings.node_id,
        catalog=catalog,
        metadata=watcher,
        replicas=replicas,
        producer_ids=ProducerIds(catalog),
        groups=GroupCoordinator(shards),
        partitioner=Partitioner(),
        authorizer=authorizer,
        quotas=quotas,
        security=security.watcher,
        authenticator=security.authenticator if settings.is_login_required else None,
        passwords=security.passwords,
        delegation_tokens=security.delegation_tokens,
        open_connections=security.open_connections,
        limits=BrokerLimits(
            default_partitions=settings.num_partitions,
            auto_create_topics=settings.auto_create_topics,
            delegation_token_max_lifetime_ms=settings.delegation_token_max_lifetime_ms,
            delegation_token_expiry_time_ms=settings.delegation_token_expiry_time_ms,
        ),
        serdes=serdes,
        schema_checks=SchemaChecks(serdes.checks),
        audit=audit,
        traffic=Traffic.wanted(clock, audit, authorizer),
    )


def _audit(settings: Settings, clock: SystemClock, cluster_id: str) -> AuditLog | None:
    """Return what writes down who did what; None where nothing is to be written."""
    if not settings.audited:
        return None
    return AuditLog(
        clock,
        AuditFile(
            Disk(),
            settings.data_dir.resolve() / AUDIT_FILE,
            bytes_max=settings.audit_file_bytes_max,
            files_max=settings.audit_files_max,
        ),
        categories=[Category(name) for name in settings.audited],
        source=f"/clusters/{cluster_id}/brokers/{settings.node_id}",
    )


def _authorizer(settings: Settings, security: SecurityWatcher) -> Authorizer:
    """Return who decides; where clients must log in, that is the access control lists."""
    if not settings.is_login_required:
        return AllowAll()
    authorizer = AclAuthorizer(settings.super_users)
    security.subscribe(lambda _, image: authorizer.load(image.acls))
    return authorizer


def _oidc_rules(settings: Settings) -> OidcRules | None:
    url = settings.sasl_oauthbearer_jwks_endpoint_url
    if url is None:
        return None
    return OidcRules(
        jwks_url=url,
        issuer=settings.sasl_oauthbearer_expected_issuer or "",
        audiences=frozenset(settings.sasl_oauthbearer_expected_audience),
        algorithms=frozenset(settings.sasl_oauthbearer_algorithms),
        name_claim=settings.sasl_oauthbearer_sub_claim_name,
        skew_ms=settings.sasl_oauthbearer_clock_skew_seconds * 1000,
        ca_file=settings.sasl_oauthbearer_jwks_ca_file,
    )


def build_edge(settings: Settings) -> Edge:
    """Return what stands around the HTTP door's answers."""
    cors = None
    if settings.cors_allowed_origins:
        cors = Cors(
            CorsRules(
                origins=settings.cors_allowed_origins,
                methods=settings.cors_allowed_methods,
                headers=settings.cors_allowed_headers,
                credentials=settings.cors_allow_credentials,
                max_age_seconds=settings.cors_max_age_seconds,
            )
        )
    trusted = [ip_network(text, strict=False) for text in settings.trusted_proxies]
    compression = None
    if settings.response_compression:
        compression = Compression(settings.response_compression_min_bytes)
    return Edge(Addresses(settings.public_url, trusted), cors, compression, _hosts(settings))


def _hosts(settings: Settings) -> Hosts | None:
    """Return the names that are answered to; None for any, where clients must log in."""
    if settings.is_login_required and not settings.allowed_hosts:
        return None
    told = [settings.host, settings.advertised_host, urlsplit(settings.public_url or "").hostname]
    return Hosts([*settings.allowed_hosts, *(name for name in told if name)])


def _report_openness(settings: Settings, security: NodeSecurity) -> None:
    """Warn of a node that is open although its cluster has users, if nobody said that it is."""
    image = security.watcher.image
    if settings.is_login_required or settings.insecure_local or image is None or not image.users:
        return
    _logger.warning(
        "this cluster has %d users, yet clients need not log in, and access control lists decide "
        "nothing: set authentication to required, or say by insecure_local that it is meant",
        len(image.users),
    )


def build_tls(settings: Settings) -> NodeTls:
    """Return the certificates of the doors, read; look at the other files of TLS, too.

    Raises:
        TlsError: A file cannot be read or used.
        SettingsError: A rule for names of clients does not read.
    """
    try:
        PrincipalMapping(settings.ssl_principal_mapping_rules)
    except BadRule as error:
        raise SettingsError(
            f"ssl_principal_mapping_rules must be RULE:pattern/replacement/ (with L or U behind "
            f"it) and DEFAULT, by commas: {error}"
        ) from error
    if settings.sasl_oauthbearer_jwks_ca_file is not None:
        check_authorities(settings.sasl_oauthbearer_jwks_ca_file)
    if settings.tls_cert is None or settings.tls_key is None:
        return NodeTls()
    files = TlsFiles(
        certificate=settings.tls_cert,
        key=settings.tls_key,
        client_ca=settings.tls_client_ca,
        client_crl=settings.tls_client_crl,
        client_auth=ClientAuth(settings.ssl_client_auth),
    )
    return NodeTls(
        replace(files, protocols=("http/1.1",)) if settings.is_http_tls else None,
        files if settings.is_kafka_tls else None,
    )


def _registry(catalog: Catalog, workers: Workers) -> RegistryContext:
    store = SqlStore(registry_transactions(catalog.engine))
    views = Views(store)
    return RegistryContext(
        store=store,
        views=views,
        schemas=ParsedSchemas(views, workers),
        workers=workers,
        now_ms=lambda: time.time_ns() // 1_000_000,
    )


def _open_files_max() -> int:
    """Return how many log files may stay open: connections need descriptors too."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        OPEN_FILES_MAX
        if soft == resource.RLIM_INFINITY
        else max(16, min(soft // 2, OPEN_FILES_MAX))
    )


def _replica_config(settings: Settings) -> ReplicaConfig:
    return ReplicaConfig(
        housekeeping=HousekeepingConfig(
            retention_check_interval_ms=settings.log_retention_check_interval_ms,
        ),
        cleaner=CleanerConfig(
            backoff_ms=settings.log_cleaner_backoff_ms,
            dedupe_buffer_bytes=settings.log_cleaner_dedupe_buffer_bytes,
            io_max_bytes_per_second=settings.log_cleaner_io_max_bytes_per_second,
        ),
    )


def _group_rules(settings: Settings) -> GroupRules:
    return GroupRules(
        membership=MembershipLimits(
            initial_rebalance_delay_ms=settings.group_initial_rebalance_delay_ms
        ),
        session_timeout_ms_min=settings.group_min_session_timeout_ms,
        consumer=ConsumerGroupRules(
            session_timeout_ms=settings.group_consumer_session_timeout_ms,
            heartbeat_interval_ms=settings.group_consumer_heartbeat_interval_ms,
            migration=MigrationPolicy(settings.group_consumer_migration_policy),
        ),
        offsets_retention_ms=settings.offsets_retention_minutes * 60_000,
    )


async def _background(
    replicas: ReplicaManager,
    watcher: MetadataWatcher,
    security: NodeSecurity,
    groups: GroupCoordinator,
    sessions: Sessions,
) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(replicas.run(), name="replicas")
            tasks.create_task(watcher.run(), name="metadata-watcher")
            tasks.create_task(security.run(), name="security")
            tasks.create_task(groups.run(), name="groups")
            tasks.create_task(sessions.run(), name="sessions")
            tasks.create_task(FreedMemory().run(), name="freed-memory")
    except Exception:  # whatever it was: it is said here, then the node ends
        _logger.critical("background work failed", exc_info=True)
        raise


async def _drain(replicas: ReplicaManager, background: asyncio.Task[None]) -> None:
    """Return when all that was appended is durable, or when nobody is left to sync it."""
    draining = asyncio.create_task(replicas.drain(), name="drain")
    try:
        await asyncio.wait({draining, background}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        draining.cancel()

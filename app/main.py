"""One service instance: the application with its lifespan, and the process that serves it."""

import asyncio
import errno
import gc
import logging
import os
import resource
import shlex
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import fields, replace
from importlib.metadata import version
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI

from app.api.application import build_application
from app.api.auth.login import Login
from app.api.auth.registry_guard import RegistryGuard
from app.api.auth.tickets import Tickets
from app.api.edge.security_headers import security_headers
from app.api.front import Front
from app.api.health import readiness_problem
from app.api.http_protocol import GuardedHttpProtocol, everybody, sweeper
from app.api.request_body import read_body
from app.api.sse.door import StreamDoor
from app.api.v2.dialects import DIALECTS
from app.api.ws.door import WebSocketDoor
from app.api.ws.limits import FRAME_BYTES_MAX
from app.api.ws.protocol import GuardedWebSocketProtocol
from app.cluster.errors import CatalogError
from app.security.acls import AllowAll
from app.security.audit.audit import AuditUnwritable
from app.security.audit.event import Category
from app.security.bootstrap import FILE as ADMIN_FILE
from app.security.bootstrap import InsecureFile
from app.security.private_files import UMASK
from app.security.tls.errors import TlsError
from app.security.tls.handshakes import Handshakes
from app.security.tls.node_tls import NodeTls
from app.security.tls.revoked import RevokedCertificates
from app.settings import Settings, load_settings
from app.settings_strays import stray_variables
from app.settings_values import SettingsError
from app.telemetry.health_socket import HealthSocket
from app.telemetry.logs import configure_logs
from app.wire.dispatch import Dispatcher
from app.wire.handlers.all_served import SERVED
from app.wire.listener import BACKLOG, Listener, ListenerLimits
from app.wire.login.login import LoginRules
from app.wire.registry import Registry
from app.wiring import Node, build_edge, build_tls, running_node
from schema_registry.api.answers import Door
from schema_registry.api.documents import Shape
from schema_registry.api.door import RegistryDoor
from storage.errors import DiskError, LogError

_logger = logging.getLogger(__name__)

DRAIN_SECONDS_MAX = 10
"""How long requests may take to end after a SIGTERM."""

SWITCH_INTERVAL_S = 0.0005
"""How long a thread that has synced may have to wait for the loop's thread to make way."""

ADVERTISED_BY_ADDRESS = (
    "Kafka clients are told to come to the address that they came in by, which certificates seldom "
    "name: set advertised_host to a name that the certificate has"
)

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2


def create_app(
    settings: Settings,
    on_failure: Callable[[], None] | None = None,
    revoked: RevokedCertificates | None = None,
) -> Front:
    """Return the application; its lifespan runs the node.

    Args:
        settings: The node's.
        on_failure: Called when the node cannot go on.
        revoked: Certificates of clients that are good no more; none if None.
    """
    front: Front

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running_node(settings, revoked) as node:
            sweeper.per_address_max = settings.connections_max_per_ip
            sweeper.admits = node.context.quotas.connect
            sweeping = asyncio.create_task(sweeper.run(), name="sweeper")
            if on_failure is not None:
                node.background.add_done_callback(
                    lambda ended: None if ended.cancelled() else on_failure()
                )
            app.state.dialect = front.dialect = DIALECTS[settings.rest_compat]
            cors = front.edge.cors
            allows = cors.allows if cors is not None else lambda _origin: False
            app.state.tickets = tickets = Tickets(node.context.clock)
            front.login = Login(
                node.authenticator, tickets, is_required=settings.is_login_required, allows=allows
            )
            app.state.grants = node.grants
            front.tokens = node.tokens
            front.registry = _registry_door(settings, node)
            app.state.sessions = front.sessions = node.sessions
            app.state.streams = StreamDoor(node.context, node.sessions, node.tokens)
            front.sockets = WebSocketDoor(
                node.context, node.sessions, node.tokens, allows=allows, login=front.login
            )
            app.state.context = front.context = node.context
            try:
                yield
            finally:
                app.state.context = front.context = front.registry = front.sockets = None
                app.state.sessions = front.sessions = app.state.streams = None
                sweeping.cancel()
                sweeper.admits = everybody
                front.edge.close()

    front = Front(build_application(lifespan), build_edge(settings))
    return front


def _registry_door(settings: Settings, node: Node) -> RegistryDoor:
    guard = RegistryGuard(node.context)
    door = Door(
        context=node.registry,
        shape=Shape(old=settings.schema_registry_legacy_answers),
        guard=None if isinstance(node.context.authorizer, AllowAll) else guard,
        witness=guard if node.context.audit.wants(Category.ADMIN) else None,
        incompatible_code=settings.schema_registry_incompatible_error_code,
        cluster_id=node.context.image.cluster_id,
        version=version("cauce"),
    )
    return RegistryDoor(door, read_body)


def serve(overrides: Mapping[str, object]) -> int:
    """Run a node until it is told to end.

    Args:
        overrides: Settings given as flags, by name.

    Returns:
        The process's exit status; what is wrong stands on stderr.
    """
    try:
        settings = load_settings(overrides)
    except SettingsError as error:
        print(f"cauce: {error}", file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return EXIT_USAGE
    configure_logs(settings.log_level, settings.log_format)
    for one in stray_variables([field.name for field in fields(Settings)]):
        _logger.warning(one)
    if settings.is_kafka_tls and settings.advertised_host is None and _is_wildcard(settings.host):
        _logger.warning(ADVERTISED_BY_ADDRESS)
    os.umask(UMASK)
    try:
        tls = build_tls(settings)
    except (TlsError, SettingsError) as error:
        print(f"cauce: {error}", file=sys.stderr)  # noqa: T201 - likewise
        return EXIT_USAGE if isinstance(error, SettingsError) else EXIT_FAILED
    _raise_descriptor_limit()
    with ExitStack() as opened:
        doors = []
        for port, option in (
            (settings.http_port, "--http-port"),
            (settings.kafka_port, "--kafka-port"),
        ):
            try:
                doors.append(opened.enter_context(_listen(settings.host, port)))
            except (OSError, TypeError) as error:  # TypeError: a host name that cannot be encoded
                where = _address(settings.host, port)
                print(  # noqa: T201 - likewise
                    f"cauce: cannot listen on {where}: {_why_not(error, option)}", file=sys.stderr
                )
                return EXIT_FAILED
        http, kafka = doors
        settings = replace(settings, http_port=_port(http), kafka_port=_port(kafka))
        return uvloop.run(_serve(settings, tls, http, kafka))


def _settle_interpreter() -> None:
    """Keep what lives as long as the process out of every collection; let threads report soon."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def _raise_descriptor_limit() -> None:
    """Take as many descriptors as the system gives: logs and connections are made of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve(
    settings: Settings, tls: NodeTls, http: socket.socket, kafka: socket.socket
) -> int:
    status = EXIT_OK
    stop = asyncio.Event()

    def fail() -> None:
        nonlocal status
        if not server.should_exit:
            _logger.critical("background work ended: the node stops")
            status = EXIT_FAILED
            server.should_exit = True
            inner.state.streams.stop()

    def problem() -> str | None:
        return "shutting down" if server.should_exit else readiness_problem(app.context)

    app = create_app(settings, fail, tls.revoked)
    server = _server(app, tls, settings)
    inner = app.application
    try:
        async with inner.router.lifespan_context(inner):
            _settle_interpreter()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, _stop, server, stop, inner, number)
            if tls.is_used:
                loop.add_signal_handler(signal.SIGHUP, tls.reload)
            assert app.context is not None, "the lifespan has begun"
            assert app.login is not None, "likewise"
            tls.certified.refused = app.login.certificate_refused
            dispatcher = Dispatcher(Registry(SERVED), app.context, _login_rules(settings, app))
            listener = Listener(
                dispatcher,
                app.context.clock,
                ListenerLimits(
                    connections_max=settings.kafka_connections_max,
                    connections_per_host_max=settings.connections_max_per_ip,
                ),
                tls=tls.kafka,
                certified=tls.certified,
            )
            async with asyncio.TaskGroup() as doors:
                door = doors.create_task(listener.run(kafka, stop), name="kafka-listener")
                door.add_done_callback(lambda ended: None if stop.is_set() else fail())
                probes = HealthSocket(settings.data_dir, problem)
                beside = [
                    doors.create_task(tls.run(), name="certificates"),
                    doors.create_task(probes.run(), name="health-socket"),
                ]
                _print_banner(settings, http)
                await server.serve(sockets=[http])
                for one in beside:
                    one.cancel()
                stop.set()
    except (LogError, CatalogError, DiskError, InsecureFile, AuditUnwritable) as error:
        print(f"cauce: {error}", file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return EXIT_FAILED
    _logger.info("stopped")
    return status


def _server(app: Front, tls: NodeTls, settings: Settings) -> "_Server":
    """Return the server of the HTTP door."""
    handshakes = None
    if tls.http is not None:
        handshakes = Handshakes(
            tls.http,
            per_address_max=settings.connections_max_per_ip,
            certified=tls.certified,
        )
    return _Server(
        uvicorn.Config(
            app,
            http=_accepting(handshakes),
            ws=GuardedWebSocketProtocol,
            ws_max_size=FRAME_BYTES_MAX,
            ws_ping_interval=None,  # ours asks, by the sweep
            ws_per_message_deflate=False,  # ours chooses for each socket
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            headers=security_headers(is_tls=tls.http is not None),
            date_header=True,
            proxy_headers=False,
            timeout_graceful_shutdown=DRAIN_SECONDS_MAX,
        ),
        handshakes,
    )


def _accepting(handshakes: Handshakes | None) -> Any:
    """Return what uvicorn makes the protocol of each connection with."""
    if handshakes is None:
        return GuardedHttpProtocol

    def accept(**surroundings: Any) -> asyncio.Protocol:
        return handshakes.accept(lambda: GuardedHttpProtocol(**surroundings))

    return accept


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: ours drains before the node ends."""

    def __init__(self, config: uvicorn.Config, handshakes: Handshakes | None) -> None:
        super().__init__(config)
        self._handshakes = handshakes

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin no more TLS, then drain."""
        if self._handshakes is not None:
            self._handshakes.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _login_rules(settings: Settings, app: Front) -> LoginRules:
    assert app.login is not None, "the lifespan has begun"
    reauth_ms = settings.connections_max_reauth_ms
    return LoginRules(
        mechanisms=settings.sasl_enabled_mechanisms,
        failed_delay_s=settings.connection_failed_authentication_delay_ms / 1000,
        certificate=app.login.certificate if settings.kafka_protocol == "SSL" else None,
        session_s_max=reauth_ms / 1000 if reauth_ms else None,
    )


def _stop(
    server: uvicorn.Server, stop: asyncio.Event, inner: FastAPI, number: signal.Signals
) -> None:
    stop.set()
    inner.state.streams.stop()
    if not server.should_exit:
        _logger.info("stopping: no new requests, those under way are finished")
        server.should_exit = True
    elif number == signal.SIGINT:
        _logger.info("stopping: requests under way are given up")
        server.force_exit = True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _why_not(error: OSError | TypeError, option: str) -> str:
    if isinstance(error, TypeError):
        return str(error)
    reason = error.strerror or str(error)
    if error.errno == errno.EADDRINUSE:
        reason += f"; is another server running there? Choose another with {option}."
    return reason


def _port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_wildcard(host: str) -> bool:
    return host in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def _print_banner(settings: Settings, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    host = "127.0.0.1" if _is_wildcard(settings.host) else settings.host
    scheme = "https" if settings.is_http_tls else "http"
    base = (settings.public_url or "").rstrip("/") or f"{scheme}://{_address(host, port)}"
    kafka = _address(
        settings.advertised_host or host, settings.advertised_port or settings.kafka_port
    )
    protocol = settings.kafka_protocol
    _show(
        f"""
Cauce is ready.
  REST      {base}/v3/clusters
  Kafka     {kafka}{"" if protocol == "PLAINTEXT" else f" ({protocol})"}
  health    {base}/readyz
  data      {settings.data_dir.resolve()}

{_first_steps(settings, base)}
"""
    )


def _show(banner: str) -> None:
    """Write the banner; a node that nobody reads is none the worse."""
    try:
        print(banner, flush=True)  # noqa: T201 - the banner
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # or the interpreter complains when it ends
        os.close(nowhere)


def _first_steps(settings: Settings, base: str) -> str:
    """Return what a person may type next."""
    topics = f"{base}/v3/clusters/-/topics"
    secret = settings.data_dir.resolve() / ADMIN_FILE
    if not settings.is_login_required:
        return f"""\
Create a topic, produce a record, consume it:
  curl -X POST {topics} -H 'Content-Type: application/json' \\
       -d '{{"topic_name": "hello", "partitions_count": 1}}'
  curl -X POST {topics}/hello/records -H 'Content-Type: application/json' \\
       -d '{{"value": {{"type": "JSON", "data": {{"greeting": "hello"}}}}}}'
  curl '{topics}/hello/partitions/0/records?offset=0'"""
    if not secret.exists():
        return "Clients must log in: cauce --user NAME, cauce --api-key-file FILE."
    return f"""\
Clients must log in. The first user is admin; make another one, and a key for it:
  export CAUCE_URL={base} CAUCE_USER=admin CAUCE_PASSWORD_FILE={shlex.quote(str(secret))}
  cauce user create app --no-password
  cauce key create app
  cauce acl create --principal User:app --resource topic:hello --operation all"""

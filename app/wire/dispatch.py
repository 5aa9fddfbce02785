"""Dispatch: from a request's bytes to its handler, and from the response to bytes.

Knows no sockets. What is not served is refused as Kafka refuses it: the connection is closed, but
for ApiVersions, whose client is told the versions there are, in the oldest form (KIP-511).

Called by: connection. Calls: headers, codec, registry, the handlers.
Source: ``org.apache.kafka.common.requests.RequestContext.parseRequest``.
"""

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from app.broker.context import BrokerContext
from app.security.errors import AuthenticationFailed
from app.security.open_connections import OpenConnection
from app.security.principal import Principal
from app.security.tls.client_certificate import ClientCertificate
from app.telemetry.clock import Clock
from app.wire.call import Call, Client
from app.wire.codec import decode, encode
from app.wire.encoders import Gap
from app.wire.errors import UnservedRequest
from app.wire.handlers.api_versions import unsupported_version
from app.wire.handlers.sasl import raw_authenticate
from app.wire.headers import (
    API_VERSIONS_KEY,
    RequestHeader,
    body_position,
    write_response_header,
)
from app.wire.login.login import SASL_AUTHENTICATE_KEY, Login, LoginRules
from app.wire.message import Api, api_of
from app.wire.messages.api_versions import ApiVersionsRequest
from app.wire.messages.sasl import SaslAuthenticateRequest
from app.wire.meter import Meter
from app.wire.registry import Answer, Registry, Served

_SIZE = struct.Struct(">i")
RAW_VERSION = -1
CLIENT_ID_CHARS_MAX = 256
"""What quotas and the audit log remember of one; the names of entities are shorter."""

RAW = RequestHeader(SASL_AUTHENTICATE_KEY, RAW_VERSION, 0, None, 0)
"""Stands for the header of a message that has none (version 0 of SaslHandshake)."""

_RAW_API = api_of(SaslAuthenticateRequest)


class Request(NamedTuple):
    """A request that was understood, and what its handler answered so far."""

    header: RequestHeader
    api: Api
    version: int
    """Of the response."""

    answer: Answer
    pipelined: bool = False
    droppable: bool = False


class Dispatcher:
    """Finds the handler of each request."""

    def __init__(
        self, registry: Registry, broker: BrokerContext, login_rules: LoginRules | None = None
    ) -> None:
        """Serve the APIs of a registry.

        Args:
            registry: Which.
            broker: What the handlers ask.
            login_rules: How clients log in, where they must.
        """
        self._registry = registry
        self._broker = broker
        self._login_rules = login_rules or LoginRules()

    def meet(
        self,
        client: Client,
        clock: Clock,
        *,
        is_encrypted: bool = False,
        certificate: ClientCertificate | None = None,
    ) -> None:
        """Give a client that has connected its own meter, and its login if it must log in.

        Where certificates say who somebody is, it is that from the start (Kafka's ``SSL``).

        Args:
            client: Who has connected.
            clock: Of the door.
            is_encrypted: Whether its connection is.
            certificate: What it showed in the handshake.

        Raises:
            AuthenticationFailed: Its certificate names nobody, or it must have one.
        """
        client.meter = Meter(self._broker.quotas, clock)
        client.broker = replace(self._broker, quotas=client.meter)
        authenticator = self._broker.authenticator
        named_by = self._login_rules.certificate
        if named_by is not None:
            if certificate is not None:
                client.principal = named_by(certificate, client.host)
            elif authenticator is not None:
                raise AuthenticationFailed("no certificate")
        elif authenticator is not None:
            client.login = Login(
                authenticator, clock, self._login_rules, client.host, is_encrypted=is_encrypted
            )

    def watch_over(self, principal: Principal, cut: Callable[[], None]) -> OpenConnection:
        """Have a connection cut when the login of its principal stands no more."""
        return self._broker.open_connections.enter(principal, cut)

    def find(self, header: RequestHeader) -> Served | None:
        """Return what serves a request, or None."""
        return self._registry.find(header.api_key, header.api_version)

    def handle(self, client: Client, header: RequestHeader, frame: bytearray) -> Request:
        """Hand a request to its handler.

        Args:
            client: Who sent it.
            header: As read from the frame.
            frame: The request without its size; the handler may keep it.

        Raises:
            WireError: It is none, or not served; its connection is to be closed.
        """
        if client.login is not None:
            if header is RAW:
                return Request(RAW, _RAW_API, RAW_VERSION, raw_authenticate(client.login, frame))
            client.login.admit(header.api_key)
        served = self.find(header)
        if served is None:
            return self._unserved(header)
        position = body_position(frame, header, served.api)
        request: Any = decode(served.request_type, header.api_version, frame, position)
        client_id = header.client_id or ""
        short = client_id[:CLIENT_ID_CHARS_MAX]
        if client.principal.client_id != short:
            client.call_itself(short)
        call = Call(
            broker=client.broker or self._broker,
            client=client,
            api_version=header.api_version,
            client_id=client_id,
            served=self._registry.advertised,
        )
        answer = served.handler(call, request)
        return Request(
            header, served.api, header.api_version, answer, served.pipelined, served.droppable
        )

    def _unserved(self, header: RequestHeader) -> Request:
        if header.api_key != API_VERSIONS_KEY:
            raise UnservedRequest(f"API {header.api_key} version {header.api_version}")
        answer = unsupported_version(self._registry.advertised)
        return Request(header, api_of(ApiVersionsRequest), 0, answer)


def encode_response(
    request: Request, response: Any, throttle_time_ms: int = 0
) -> tuple[bytearray, list[Gap]]:
    """Return a response as it goes over the network, and where records are to be put into it.

    Args:
        request: What it answers.
        response: As its handler made it.
        throttle_time_ms: How long its connection is muted; told where the response can tell it.
    """
    if request.header is RAW:
        return bytearray(_SIZE.pack(len(response)) + response), []
    if throttle_time_ms and hasattr(response, "throttle_time_ms"):
        response.throttle_time_ms = throttle_time_ms
    out = bytearray(_SIZE.size)
    write_response_header(out, request.header.correlation_id, request.api, request.version)
    gaps = encode(response, request.version, out)
    size = len(out) - _SIZE.size + sum(gap.source.size for gap in gaps)
    _SIZE.pack_into(out, 0, size)
    return out, gaps

"""The front: answers the hot paths before FastAPI's router sees them.

Produce and fetch are what a broker does all day; routing them by hand makes them several times
cheaper (docs/adr). Everything else goes on to the application. The same handlers are also routes
of the application (``v3/records.py``), which is where their documentation is, so a path that this
front does not recognise is still answered, only slower.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable

from fastapi import FastAPI

from app.api.answers import Send, answering_errors, send_answer, send_error
from app.api.auth.asking import PRINCIPAL, principal_of
from app.api.auth.login import OWN_LOGIN_PATHS, Login, LoginRefused, is_open
from app.api.edge.addresses import ADDRESSES
from app.api.edge.edge import Edge
from app.api.edge.hosts import refusal
from app.api.errors import (
    V2_TYPE,
    ApiError,
    encode_error,
    error_type,
    extra_headers,
    status_and_code,
)
from app.api.http_protocol import CUT, CYCLE
from app.api.request_body import Receive, Scope
from app.api.resume_tokens import ResumeTokens
from app.api.v2 import record_handlers as v2
from app.api.v2.dialects import DEFAULT, DIALECTS
from app.api.v2.routing import PREFIXES, without_trailing_slash
from app.api.v3.record_handlers import handler_for
from app.api.ws.door import WebSocketDoor, refuse
from app.broker.context import BrokerContext
from app.broker.errors import ThrottlingQuotaExceeded
from app.consumers.sessions import Sessions
from app.security.quota_windows.limits import QuotaType
from schema_registry.api.door import RegistryDoor

_logger = logging.getLogger(__name__)

_PREFIX = "/v3/clusters/"
_LASTING = ("/records", "/records/", "/records:stream")


class Front:
    """An ASGI application in front of another one."""

    def __init__(self, app: FastAPI, edge: Edge | None = None) -> None:
        """Stand in front of an application whose ``state.context`` is the broker."""
        self.application = app
        self.edge = edge or Edge()
        self.login: Login | None = None
        """Says who asks; set before the context, and never taken away."""

        self.dialect = DIALECTS[DEFAULT]
        """How REST v2 answers where its dialects differ."""

        self.context: BrokerContext | None = None
        """Set when the node runs; before that everything goes on to the application."""

        self.sessions: Sessions | None = None
        """Likewise, before the context: consumers that live on the server."""

        self.tokens: ResumeTokens | None = None
        """Set before the context."""

        self.registry: RegistryDoor | None = None
        """The schema registry's door; set before the context."""

        self.sockets: WebSocketDoor | None = None
        """Likewise."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a hot path, or pass the request on."""
        kind = scope["type"]
        if kind == "http":
            problem = self._problem(scope)
            if problem is not None:
                await self._refuse(scope, send, problem)
                return
            await self.edge.pass_through(scope, receive, send, self._answer)
        elif kind == "websocket":
            scope[ADDRESSES] = self.edge.addresses
            problem = self._problem(scope)
            if problem is not None:
                await refuse(send, problem.status, problem.message)
            elif self.sockets is None:
                await refuse(send, 503, "This node is starting or shutting down")
            else:
                await self.sockets.serve(scope, receive, send)
        else:
            await self.application(scope, receive, send)

    def _problem(self, scope: Scope) -> ApiError | None:
        """Return why a request is not looked at: for whom or from whom it is, is in doubt."""
        hosts, addresses = self.edge.hosts, self.edge.addresses
        if hosts is not None and not hosts.welcomes(scope):
            return ApiError(421, 421, refusal(scope))
        problem = addresses.problem(scope) if addresses.trusts_somebody else None
        return None if problem is None else ApiError(400, 400, f"Bad Request: {problem}")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.login is not None and PRINCIPAL not in scope:
            try:
                scope[PRINCIPAL] = self.login.unasked(scope) or await self.login.principal(scope)
            except LoginRefused as error:
                await self._refuse(scope, send, error, error.headers)
                return
        principal = principal_of(scope)
        cut = None if principal.credential is None else _cut_of(scope)
        if cut is None or self.context is None:
            await self._settle(scope, receive, send)
            return
        entered = self.context.open_connections.enter(principal, cut)
        try:
            await self._settle(scope, receive, send)
        finally:
            entered.leave()

    async def _settle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer once the debt of request time is paid; what the answer takes is another."""
        context = self.context
        # who logs in is nobody yet: strangers have no debt in common, or one locks out all others
        is_anybodys = is_open(scope) or scope["path"] in OWN_LOGIN_PATHS
        if context is None or not context.quotas.measures_time or is_anybodys:
            await self._pass(scope, receive, send)
            return
        principal = principal_of(scope)
        try:
            await context.pay(principal, QuotaType.REQUEST)
        except ThrottlingQuotaExceeded as error:
            status, code = status_and_code(error)
            await self._refuse(
                scope,
                send,
                ApiError(status, code, str(error)),
                extra_headers(status, error).items(),
            )
            return
        await context.measured(principal, self._pass(scope, receive, send))

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._route(scope, receive, send)
        if answer is not None:
            await _run(answer, scope, send)
            return
        await self.application(scope, receive, send)

    async def _refuse(
        self, scope: Scope, send: Send, error: ApiError, headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Answer who is not let in, in the shape of the door that was asked."""
        status, code, kind = error.status, error.error_code, error_type(scope["path"])
        if self.registry is not None and self.registry.serves(scope):
            kind = self.registry.type_of_errors(scope)
        elif kind == V2_TYPE:
            status, code = self.dialect.codes.get(code, (status, code))
        await send_answer(
            send,
            status,
            encode_error(code, error.message),
            content_type=kind.encode(),
            headers=[(name.lower().encode(), value.encode()) for name, value in headers],
        )

    def _route(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None] | None:
        path: str = scope["path"]
        if self.registry is not None and self.registry.serves(scope):
            return self.registry(scope, receive, send)
        if path.startswith(PREFIXES):
            scope["path"] = without_trailing_slash(path)
            if self.context is None or self.sessions is None:
                return None
            return v2.handler_for(self.context, self.sessions, self.dialect, scope, receive, send)
        if self.context is None or not path.startswith(_PREFIX):
            return None
        parts = path.split("/")
        if len(parts) not in (7, 9) or parts[4] != "topics" or not parts[3] or not parts[5]:
            return None
        return handler_for(self.context, parts[5:], scope, receive, send)


def _cut_of(scope: Scope) -> Callable[[], None] | None:
    """Return what ends a request that may outlive the login that it was let in with, else None.

    Those for records may: they wait for some, send them as they come, or take them as they come.
    Of any other it is the body that may come for long. Once that is whole the request is answered:
    it may be the very one that ends the login.
    """
    cut: Callable[[], None] | None = scope.get(CUT)
    path: str = scope["path"]
    if cut is None or path.endswith(_LASTING):
        return cut
    cycle = scope.get(CYCLE)
    if cycle is None or not cycle.more_body:
        return None

    def cut_if_it_comes() -> None:
        if cycle.more_body:
            cut()

    return cut_if_it_comes


async def _run(answer: Awaitable[None], scope: Scope, send: Send) -> None:
    try:
        await answering_errors(send, answer)
    except Exception:  # the root of the request's task: nothing above would word it
        _logger.exception("%s %s failed", scope["method"], scope["path"])
        await send_error(send, 500, 50002, "Internal Server Error", error_type(scope["path"]))

"""Login: from what a request shows to who asks, once for all HTTP doors.

A request that shows nothing is anonymous where clients need not log in, and refused where they
must, but for what anybody may see: health and the OpenAPI document. A page of another site is not
anonymous either: it asks from where its visitor is, who may reach more than it does. A request that
shows something wrong is refused everywhere: it is never anonymous. A certificate that its
connection showed says who asks where a request shows nothing else. Passwords are not looked at
where somebody may read along.
Where a browser can set no header (WebSockets, streams of events) a ticket in the query does, or the
session's cookie of a page that may use it.

Invariants:
    Each request has one principal, with the address that it comes from. It is judged for it, or
    was within the last second for one before it on its connection (last_login).
    A refusal says nothing of which part was wrong, and nothing of what was shown.
Called by: front, api.ws. Calls: authorization, pages, peer, tickets, security.authenticator.
Source: RFC 9110, 11.6.1 and 15.5.2; RFC 6750, 3; RFC 6585, 4 (429).
"""

import math
from functools import lru_cache
from urllib.parse import parse_qs

from app.api.auth.authorization import (
    Basic,
    Bearer,
    MalformedAuthorization,
    Shown,
    read_authorization,
)
from app.api.auth.last_login import last_login_of
from app.api.auth.pages import (
    OF_PAGES,
    Allows,
    is_of_another_page,
    is_visit,
    may_use_cookie,
    session_cookie,
)
from app.api.auth.peer import Peer, certificate_shown, host_of, peer_of
from app.api.auth.tickets import Tickets
from app.api.edge.addresses import base_url
from app.api.errors import ApiError
from app.api.request_body import Scope
from app.security.authenticator import Authenticator
from app.security.errors import MESSAGE, AuthenticationFailed
from app.security.logins.api_key import key_id_of, key_of_pair
from app.security.principal import ANONYMOUS, CredentialKind, Principal
from app.security.tls.client_certificate import CERTIFICATE, ClientCertificate

OPEN_PATHS = frozenset({"/livez", "/readyz", "/openapi.json"})
"""What anybody may get."""

OWN_LOGIN_PATHS = frozenset({"/v3/auth/token", "/v3/auth/revoke"})
"""What looks at credentials itself: there they are the request (RFC 6749, 2.3)."""

STREAM = "/records:stream"
TICKET = "ticket"
QUERY_FIELDS_MAX = 200

BEARER = 'Bearer realm="cauce"'
BASIC = 'Basic realm="cauce", charset="UTF-8"'
UNAUTHORIZED_CODE = 40101
"""Confluent's of its REST Proxy and its registry, when authentication fails."""

SHOW_SOMETHING = "Unauthorized: log in with an Authorization header: Bearer, ApiKey or Basic"
NOT_IN_CLEAR = (
    "Forbidden: Basic credentials are taken over TLS or on loopback alone, "
    "because here others can read them"
)

NOT_OUR_PAGE = (
    "Forbidden: pages of this origin may not use the session (setting cors_allowed_origins)"
)

NOT_OUR_VISITOR = (
    "Forbidden: pages of this origin may not use an open node (setting cors_allowed_origins)"
)

NOT_OUR_LOGIN = "Forbidden: pages of this origin may not log in here (setting cors_allowed_origins)"


class LoginRefused(ApiError):
    """Who asks did not show who it is."""

    def __init__(
        self, status: int, error_code: int, message: str, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(status, error_code, message)
        self.headers = headers


class Login:
    """Says who asks."""

    def __init__(
        self,
        authenticator: Authenticator,
        tickets: Tickets,
        *,
        is_required: bool,
        allows: Allows = lambda _origin: False,
    ) -> None:
        """Ask an authenticator.

        Args:
            authenticator: Judges what is shown.
            tickets: Those that were issued.
            is_required: Whether what shows nothing is refused.
            allows: Tells which origins of pages may use cookies beside our own.
        """
        self._authenticator = authenticator
        self.tickets = tickets
        self.is_required = is_required
        self._allows = allows

    def unasked(self, scope: Scope) -> Principal | None:
        """Return who asks where nothing need be judged, which is soon said; else None."""
        shown, is_page = [], False
        for name, value in scope["headers"]:
            if name == b"authorization":
                shown.append(value)
            elif name in OF_PAGES:
                is_page = True
        if shown:
            return self._again(scope, shown[0]) if len(shown) == 1 else None
        if is_page or is_stream(scope) or CERTIFICATE in scope:
            return None
        if self.is_required and not is_open(scope):
            return None
        if scope["path"] in OWN_LOGIN_PATHS:
            return None
        return anonymous_from(host_of(scope))

    async def principal(self, scope: Scope) -> Principal:
        """Return who asks by the headers of a request.

        Raises:
            LoginRefused: Nobody whom we know.
        """
        peer = peer_of(scope)
        if scope["path"] in OWN_LOGIN_PATHS:
            if is_of_another_page(scope["headers"], base_url(scope), self._allows):
                raise LoginRefused(403, 40301, NOT_OUR_LOGIN)
            return anonymous_from(peer.host)
        try:
            shown = read_authorization(scope["headers"])
        except MalformedAuthorization as error:
            self.unreadable(peer, str(error))
            raise unauthorized(f"Unauthorized: {error}", peer) from None
        if shown is not None:
            return await self._shown(scope, shown, peer)
        if is_stream(scope):
            found = await self._of_page(scope, peer)
            if found is not None:
                return found
        certificate = certificate_shown(scope)
        if certificate is not None:
            return self._of_certificate(certificate, peer)
        if not is_open(scope):
            if self.is_required:
                raise unauthorized(SHOW_SOMETHING, peer)
            self._check_page(scope)
        return anonymous_from(peer.host)

    def _check_page(self, scope: Scope) -> None:
        """Refuse what a page of another site has a browser send, but for a link that is followed.

        Raises:
            LoginRefused: It is such a page.
        """
        headers = scope["headers"]
        if not is_of_another_page(headers, base_url(scope), self._allows):
            return
        if is_stream(scope) or not is_visit(headers, scope["method"]):
            raise LoginRefused(403, 40301, NOT_OUR_VISITOR)

    def _again(self, scope: Scope, header: bytes) -> Principal | None:
        """Return who asks if its connection showed the same just now."""
        last = last_login_of(scope)
        if last is None or scope["path"] in OWN_LOGIN_PATHS:
            return None
        clock = self._authenticator.clock
        return last.find(
            *(header, host_of(scope), self._authenticator.image),
            *(clock.monotonic(), clock.now_ms()),
        )

    async def _shown(self, scope: Scope, shown: Shown, peer: Peer) -> Principal:
        """Return who shows this; a key or token is remembered for its connection's next request.

        Raises:
            LoginRefused: Nobody whom we know.
        """
        image = self._authenticator.image  # before: what changes meanwhile makes it be judged anew
        found = await self.judge(shown, peer)
        last = last_login_of(scope)
        if last is not None and not isinstance(shown, Basic):
            header = next(value for name, value in scope["headers"] if name == b"authorization")
            last.keep(header, found, image, self._authenticator.clock.monotonic())
        return found

    def certificate(self, shown: ClientCertificate, host: str) -> Principal:
        """Return who showed a certificate when it connected.

        Raises:
            AuthenticationFailed: Nobody whom a rule names.
        """
        return self._authenticator.certificate(shown, host)

    def certificate_refused(self, host: str, reason: str) -> None:
        """Write down that TLS refused a certificate, of which it does not say whose it was."""
        self._authenticator.logins.failed("", CredentialKind.CERTIFICATE, host, reason)

    def _of_certificate(self, shown: ClientCertificate, peer: Peer) -> Principal:
        try:
            return self.certificate(shown, peer.host)
        except AuthenticationFailed:
            raise unauthorized(f"Unauthorized: {MESSAGE}", peer) from None

    async def _of_page(self, scope: Scope, peer: Peer) -> Principal | None:
        """Return who asks by what a page can send with a stream; None if it sends nothing."""
        ticket = ticket_of(scope["query_string"])
        if ticket is not None:
            return self.redeem(ticket, peer)
        cookie = session_cookie(scope["headers"])
        if not cookie:
            return None
        if not may_use_cookie(scope["headers"], base_url(scope), self._allows):
            raise LoginRefused(403, 40301, NOT_OUR_PAGE)
        return await self.judge(Bearer(cookie), peer)

    def redeem(self, ticket: str, peer: Peer) -> Principal:
        """Return who shows a ticket, which is used up then.

        Raises:
            LoginRefused: It opens nothing (any more).
        """
        found = self.tickets.redeem(ticket)
        if found is None:
            reason = "the ticket is unknown, used up or too old"
            self.unreadable(peer, reason, TICKET)
            raise unauthorized(f"Unauthorized: {reason}", peer)
        return found.from_host(peer.host)

    def unreadable(self, peer: Peer, reason: str, mechanism: str = "Authorization") -> None:
        """Write down that somebody shows what cannot be judged.

        Args:
            peer: Who it is.
            reason: What is wrong; nothing of what was shown.
            mechanism: How it was shown.
        """
        self._authenticator.logins.failed("", mechanism, peer.host, reason)

    async def judge(self, shown: Shown, peer: Peer) -> Principal:
        """Return who shows this.

        Raises:
            LoginRefused: Nobody whom we know.
        """
        if isinstance(shown, Basic) and not peer.is_private:
            raise LoginRefused(403, 40301, NOT_IN_CLEAR)
        try:
            return await self._judged(shown, peer.host)
        except AuthenticationFailed as failed:
            if failed.retry_after_s is not None:
                raise too_many(failed.retry_after_s) from None
            error = ', error="invalid_token"' if isinstance(shown, Bearer) else ""
            raise unauthorized(f"Unauthorized: {MESSAGE}", peer, error) from None

    async def _judged(self, shown: Shown, host: str) -> Principal:
        if isinstance(shown, Basic):
            key = key_of_pair(shown.user, shown.password)
            if key is None:
                return await self._authenticator.password(shown.user, shown.password, host)
        elif isinstance(shown, Bearer):
            if key_id_of(shown.token) is None:
                return await self._authenticator.bearer(shown.token, host)
            key = shown.token
        else:
            key = shown.key
        return self._authenticator.api_key(key, host)


def is_open(scope: Scope) -> bool:
    """Return whether anybody may get what a request is for."""
    return scope.get("method") in ("GET", "HEAD") and scope["path"] in OPEN_PATHS


def is_stream(scope: Scope) -> bool:
    """Return whether a request is for a stream of events."""
    path: str = scope["path"]
    return path.endswith(STREAM) and scope.get("method") == "GET"


def ticket_of(query: bytes) -> str | None:
    """Return the ticket in a query, None if there is none; of several, none that opens anything."""
    if TICKET.encode() not in query:
        return None
    try:
        found = parse_qs(
            query.decode("latin-1"), keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX
        ).get(TICKET)
    except ValueError:
        return None
    if found is None:
        return None
    return found[0] if len(found) == 1 else ""


@lru_cache(4096)
def anonymous_from(host: str) -> Principal:
    """Return who did not log in, coming from an address."""
    return ANONYMOUS.from_host(host)


def unauthorized(message: str, peer: Peer, error: str = "") -> LoginRefused:
    """Return a refusal that names the ways to log in.

    Args:
        message: For people.
        peer: Who asks: Basic is offered where it is taken, but not to a page's script, for which
            its browser would ask the person there by a dialog of its own, and wait.
        error: What the challenge of Bearer adds (RFC 6750, 3.1).
    """
    challenges = [("www-authenticate", BEARER + error)]
    if peer.is_private and not peer.is_script:
        challenges.append(("www-authenticate", BASIC))
    return LoginRefused(401, UNAUTHORIZED_CODE, message, tuple(challenges))


def too_many(retry_after_s: float) -> LoginRefused:
    """Return a refusal of a login that was not looked at."""
    wait_s = max(1, math.ceil(retry_after_s))
    message = f"Too Many Requests: too many failed logins, try again in {wait_s} s"
    return LoginRefused(429, 42901, message, (("retry-after", str(wait_s)),))

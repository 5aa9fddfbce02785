"""Login: how one connection comes to have a principal, where clients must log in.

States: unauthenticated -> handshaken -> authenticating -> authenticated, and from each of the
first three to over. A handshake names the mechanism; each message of the mechanism's exchange is
answered in turn. An authenticated one may begin anew with a handshake (KIP-368), and is then as
before it had logged in until it is authenticated again, but keeps its principal.

Invariants:
    Before it is authenticated, only ApiVersions, SaslHandshake and SaslAuthenticate are handled;
    any other request closes the connection, as in Kafka.
    Until then it has ``LOGIN_REQUESTS_MAX`` requests of ``LOGIN_FRAME_BYTES_MAX``, and a deadline.
    A login that failed is over: its answer says nothing of which part was wrong, comes no sooner
    than ``failed_delay_s`` after the message, and is the last of the connection.
    A mechanism that shows secrets is offered where nobody can listen: over TLS, or on loopback.
    Who logs in again is the same principal as before, by the same mechanism, or the login fails.
    Once a session is over, only a new login is handled.
Called by: connection, dispatch, handlers.sasl. Calls: exchanges.
Source: KIP-43 (version 0 of the handshake: messages follow without headers), KIP-152, KIP-368;
``SaslServerAuthenticator``.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import ip_address
from typing import NoReturn

from app.broker.errors import BrokerError, IllegalSaslState, UnsupportedSaslMechanism
from app.security.authenticator import Authenticator
from app.security.errors import AuthenticationFailed
from app.security.principal import Principal
from app.security.tls.client_certificate import ClientCertificate
from app.telemetry.clock import Clock
from app.wire.errors import LoginRefused
from app.wire.headers import API_VERSIONS_KEY
from app.wire.login.exchanges import EXCHANGES, SHOWING_SECRETS, Exchange, Step
from app.wire.message import api_of
from app.wire.messages.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

LOGIN_FRAME_BYTES_MAX = 16 * 1024
LOGIN_REQUESTS_MAX = 16
SASL_HANDSHAKE_KEY = api_of(SaslHandshakeRequest).key
SASL_AUTHENTICATE_KEY = api_of(SaslAuthenticateRequest).key
_BEFORE_LOGIN = frozenset({API_VERSIONS_KEY, SASL_HANDSHAKE_KEY, SASL_AUTHENTICATE_KEY})


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRules:
    """How clients of a door log in."""

    mechanisms: tuple[str, ...] = tuple(EXCHANGES)
    """Kafka's ``sasl.enabled.mechanisms``."""

    failed_delay_s: float = 0.1
    """Kafka's ``connection.failed.authentication.delay.ms``."""

    login_s: float = 20.0
    """How long a client may take to log in."""

    certificate: Callable[[ClientCertificate, str], Principal] | None = None
    """Who shows a certificate, from an address; None where SASL alone says who somebody is."""

    session_s_max: float | None = None
    """After how long it has to log in again (``connections.max.reauth.ms``); None for never."""


class _State(Enum):
    UNAUTHENTICATED = auto()
    HANDSHAKEN = auto()
    AUTHENTICATING = auto()
    AUTHENTICATED = auto()
    OVER = auto()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Login:
    """The logging in of one connection."""

    def __init__(
        self,
        authenticator: Authenticator,
        clock: Clock,
        rules: LoginRules,
        host: str,
        *,
        is_encrypted: bool,
    ) -> None:
        """Await a handshake.

        Args:
            authenticator: Who is asked.
            clock: For the delay and the deadline.
            rules: Of the door.
            host: The client's address, without the port.
            is_encrypted: Whether the connection is.
        """
        self._authenticator = authenticator
        self._clock = clock
        self._rules = rules
        self._host = host
        is_private = is_encrypted or _is_loopback(host)
        self.mechanisms = tuple(
            one for one in rules.mechanisms if is_private or one not in SHOWING_SECRETS
        )
        self.deadline = clock.monotonic() + rules.login_s
        """When it has to be done, by the monotonic clock."""

        self.principal: Principal | None = None
        """Who the client is; None before it was authenticated."""

        self.is_raw = False
        """Whether what comes next is a message without a header."""

        self.on_principal: Callable[[Principal], None] = lambda principal: None
        """Told of each principal before the client is."""

        self._state = _State.UNAUTHENTICATED
        self._exchange: Exchange | None = None
        self._mechanism = ""
        self._is_other_mechanism = False
        self._requests = 0
        self._session_end: float | None = None

    @property
    def is_authenticated(self) -> bool:
        """Whether requests of every kind are handled."""
        return self._state is _State.AUTHENTICATED

    @property
    def is_over(self) -> bool:
        """Whether it failed, so that the connection ends with its answer."""
        return self._state is _State.OVER

    def received(self, requests: int) -> bool:
        """Count requests that came in; return whether they are not too many."""
        if self._state is _State.AUTHENTICATED:
            return True
        self._requests += requests
        return self._requests <= LOGIN_REQUESTS_MAX

    def admit(self, api_key: int) -> None:
        """Let a request be handled.

        Raises:
            LoginRefused: It is not due.
        """
        if api_key in _BEFORE_LOGIN and self._state is not _State.OVER:
            return
        if self._state is not _State.AUTHENTICATED:
            raise LoginRefused(f"a request of API {api_key} before a login")
        if self._session_end is not None and self._clock.monotonic() >= self._session_end:
            raise LoginRefused(f"a request of API {api_key} after the end of a session")

    def handshake(self, mechanism: str, version: int) -> BrokerError | None:
        """Begin an exchange; return why not, if not."""
        if self._state not in (_State.UNAUTHENTICATED, _State.AUTHENTICATED):
            self._state = _State.OVER
            return IllegalSaslState("a handshake is not due")
        if mechanism not in self.mechanisms:
            self._state = _State.OVER
            reason = "a mechanism that is not offered"
            self._authenticator.logins.failed("", mechanism, self._host, reason)
            return UnsupportedSaslMechanism("this mechanism is not offered here")
        self._is_other_mechanism = self.is_authenticated and mechanism != self._mechanism
        if self.is_authenticated:
            self._requests = 0
            self.deadline = self._clock.monotonic() + self._rules.login_s
        self._mechanism = mechanism
        self._exchange = EXCHANGES[mechanism](self._authenticator, self._host)
        self.is_raw = version == 0
        self._state = _State.HANDSHAKEN
        return None

    async def authenticate(self, message: bytes) -> Step:
        """Return the server's message in answer to one of the client's.

        Raises:
            IllegalSaslState: No exchange is under way.
            AuthenticationFailed: The client does not get in.
        """
        if self._state is _State.AUTHENTICATED:
            raise IllegalSaslState("SaslAuthenticate request received after a login")
        exchange = self._exchange
        if exchange is None or self._state is _State.OVER:
            self._state = _State.OVER
            raise IllegalSaslState("SaslAuthenticate request received without a handshake")
        begun = self._clock.monotonic()
        try:
            self._require_same_mechanism()
            step = await exchange.take(message)
            if step.principal is not None:
                self._require_same(step.principal)
        except AuthenticationFailed:
            self._state = _State.OVER
            await asyncio.sleep(begun + self._rules.failed_delay_s - self._clock.monotonic())
            raise
        self._state = _State.AUTHENTICATING
        if step.principal is not None:
            self._authenticated(step.principal)
        return step

    def broken_off(self, reason: str) -> None:
        """Write down that the connection ends because of bytes that are no message of a login."""
        if self._state in (_State.HANDSHAKEN, _State.AUTHENTICATING):
            self._authenticator.logins.failed("", self._mechanism, self._host, reason)
            self._state = _State.OVER

    def session_lifetime_ms(self) -> int:
        """Return in how many milliseconds the client has to log in again; 0 for never (KIP-368)."""
        if self._session_end is None:
            return 0
        return max(1, int((self._session_end - self._clock.monotonic()) * 1000))

    def _require_same_mechanism(self) -> None:
        """Refuse another mechanism than the connection began with, before its message is read."""
        if self._is_other_mechanism and self.principal is not None:
            self._refuse(self.principal, "another mechanism than the connection began with")

    def _require_same(self, principal: Principal) -> None:
        """Refuse another principal than the connection has, as KIP-368 says."""
        if self.principal is not None and self.principal != principal:
            self._refuse(principal, "another principal than the connection had before")

    def _refuse(self, principal: Principal, reason: str) -> NoReturn:
        self._authenticator.logins.failed(principal.name, self._mechanism, self._host, reason)
        raise AuthenticationFailed(reason)

    def _authenticated(self, principal: Principal) -> None:
        self._state = _State.AUTHENTICATED
        self._exchange = None
        self.is_raw = False
        self.principal = principal
        lifetimes = []
        if self._rules.session_s_max is not None:
            lifetimes.append(self._rules.session_s_max)
        if principal.expires_at_ms is not None:
            lifetimes.append(max(0.0, (principal.expires_at_ms - self._clock.now_ms()) / 1000))
        now = self._clock.monotonic()
        self._session_end = now + min(lifetimes) if lifetimes else None
        self.on_principal(principal)

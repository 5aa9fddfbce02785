"""HTTP to one server: requests out, bytes or an error of this package back.

Invariants:
    No exception of httpx leaves this module.
    Only requests that change nothing are sent twice, and only when the connection broke.
Called by: client.topics, client.producer, client.consumer. Calls: httpx.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar, Unpack

import httpx
import msgspec

from cauce import __version__
from cauce.client.address import DEFAULT_URL, is_loopback, parse_url
from cauce.client.credentials import Login, authorization
from cauce.client.errors import (
    AnswerLost,
    InvalidUrl,
    Refused,
    UnexpectedAnswer,
)
from cauce.client.trust import own_refused, tls_of, unreachable

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 60.0
"""How long the server may be silent before its answer counts as lost."""

IDLE_CONNECTION_S = 2.0
"""Shorter than servers keep idle connections, so that no request meets one that is closing."""

TOO_MANY = 429
DIGITS_MAX = 6

ERROR_BYTES_MAX = 65_536
"""How much of the body of an error is looked at."""

Params = Mapping[str, str | int]
Answer = TypeVar("Answer")


class _ErrorBody(msgspec.Struct):
    error_code: int
    message: str


class _OauthError(msgspec.Struct):
    """A refusal of the routes of OAuth 2 (RFC 6749, 5.2)."""

    error: str
    error_description: str


def decoded(http: "HttpClient", body: bytes, kind: type[Answer]) -> Answer:
    """Return what an answer's body says.

    Raises:
        UnexpectedAnswer: It is not what a Cauce server says.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnexpectedAnswer(http.url, str(error)) from error


class HttpClient:
    """A connection to one server; use it in one thread, and close it."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        transport: httpx.BaseTransport | None = None,
        **login: Unpack[Login],
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            url: Where the server's REST door is; ``http://`` may be left out.
            transport: Something that answers instead of the network, for tests.
            login: ``api_key``, ``basic`` (a user and a password) or ``token``; and ``ca_file``.

        Raises:
            InvalidUrl: It is no HTTP address.
            UnusableTrust: A file of certificates that the environment names cannot be used.
            UnusableLogin: What there is to log in with cannot be sent, or not to this address.
        """
        self.url = parse_url(url)
        headers = {"User-Agent": f"cauce/{__version__}"}
        shown = authorization(login, self.url)
        if shown is not None:
            headers["Authorization"] = shown
        self._http = httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(keepalive_expiry=IDLE_CONNECTION_S),
            transport=transport,
            trust_env=not is_loopback(self.url),
            verify=tls_of(self.url, login.get("ca_file")) or True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, params: Params | None = None, *, wait_s: float = 0.0) -> bytes:
        """Return the body of a successful GET; it is asked once more if the connection broke.

        Args:
            path: Below the server's address, escaped.
            params: The query.
            wait_s: How long the server was asked to wait, on top of the time an answer may take.
        """
        timeout = httpx.Timeout(ANSWER_TIMEOUT_S + wait_s, connect=CONNECT_TIMEOUT_S)
        request = self._http.build_request("GET", path, params=params, timeout=timeout)
        try:
            return self._send(request)
        except AnswerLost:
            return self._send(request)

    def send(self, method: str, path: str, body: object | None = None) -> bytes:
        """Send a request with a JSON body, or none, and return the body of a successful answer."""
        if body is None:
            return self._send(self._http.build_request(method, path))
        headers = {"Content-Type": "application/json"}
        content = msgspec.json.encode(body)
        return self._send(self._http.build_request(method, path, content=content, headers=headers))

    def post_for_lines(self, path: str, content: bytes, content_type: str) -> Iterator[bytes]:
        """Post a body and yield the lines of the answer as they come, without their ends.

        Raises:
            AnswerLost: The answer broke off; what was yielded before it counts.
        """
        headers = {"Content-Type": content_type}
        request = self._http.build_request("POST", path, content=content, headers=headers)
        with self._failures():
            response = self._http.send(request, stream=True)
            try:
                if not response.is_success:
                    raise self._error(response, response.read())
                held = b""
                for chunk in response.iter_bytes():
                    *lines, held = (held + chunk).split(b"\n")
                    yield from (line for line in map(bytes.strip, lines) if line)
                if held.strip():
                    yield held.strip()
            finally:
                response.close()

    def _send(self, request: httpx.Request) -> bytes:
        with self._failures():
            response = self._http.send(request)
        if not response.is_success:
            raise self._error(response, response.content)
        return response.content

    def _error(self, response: httpx.Response, body: bytes) -> Refused | UnexpectedAnswer:
        try:
            oauth = msgspec.json.decode(body[:ERROR_BYTES_MAX], type=_OauthError)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            oauth = None
        if oauth is not None:
            return Refused(response.status_code, response.status_code, oauth.error_description)
        try:
            error = msgspec.json.decode(body[:ERROR_BYTES_MAX], type=_ErrorBody)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            kind = response.headers.get("Content-Type", "no content type")
            found = f"HTTP {response.status_code}, {kind}"
            return UnexpectedAnswer(self.url, found)
        wait_s = _retry_after_s(response)
        return Refused(response.status_code, error.error_code, error.message, wait_s)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn httpx's errors into this package's."""
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise unreachable(self.url, _reason(error)) from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise InvalidUrl(self.url, _reason(error)) from error
        except httpx.DecodingError as error:
            raise UnexpectedAnswer(self.url, _reason(error)) from error
        except (httpx.TransportError, httpx.StreamError) as error:
            raise AnswerLost(self.url, _reason(error).rstrip(".") + self._hint(error)) from error

    def _hint(self, error: Exception) -> str:
        """Return what may be the matter if a server hangs up without a word."""
        is_mute = isinstance(error, httpx.RemoteProtocolError) and "without sending" in str(error)
        is_clear = self.url.startswith("http://")
        if is_mute and is_clear:
            return "; if it speaks TLS, say https://"
        return own_refused(str(error))


def _retry_after_s(response: httpx.Response) -> float | None:
    """Return the seconds that a client that asked too much is told to wait."""
    said = response.headers.get("Retry-After", "")
    is_told = response.status_code == TOO_MANY and said.isascii() and said.isdigit()
    return float(said[:DIGITS_MAX]) if is_told else None


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it did not answer in time"
    text = str(error).removeprefix("[Errno 111] ").strip()
    return (text[:1].lower() + text[1:]) or type(error).__name__

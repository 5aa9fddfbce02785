"""What can go wrong between a client and the broker, told apart by what the caller may do next.

A refusal was understood and surely not done; an unreachable server was never asked; a lost answer
means that nobody knows.
"""


class ClientError(Exception):
    """Base of all errors of the client."""


def without_login(url: str) -> str:
    """Return an address as it may be shown: without a user and a password."""
    before, at, after = url.rpartition("@")
    if not at:
        return url
    scheme, slashes, _ = before.partition("://")
    return f"{scheme}{slashes}***@{after}" if slashes else f"***@{after}"


class InvalidUrl(ClientError):
    """The address given for the server is not one; the caller erred."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{without_login(url)!r} is not the address of a server: {reason}")


class UnusableTrust(ClientError):
    """A file of certificates cannot be used; the caller erred."""


class ServerUnreachable(ClientError):
    """No connection could be made: surely nothing was done."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"no Cauce server can be reached at {url} ({reason})")
        self.url = url


class NotBelieved(ServerUnreachable):
    """Something is there, but its certificate does not prove that it is the server."""


class AnswerLost(ClientError):
    """The connection broke after the request went out: it may have been done, or not."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"the connection to {url} was lost before its answer came ({reason})")
        self.url = url


class UnexpectedAnswer(ClientError):
    """Something answered, but not as a Cauce server does."""

    def __init__(self, url: str, found: str) -> None:
        super().__init__(f"{url} did not answer as a Cauce server does: {found}")
        self.url = url


class Refused(ClientError):
    """The server understood the request and refused it.

    Attributes:
        status: Of HTTP.
        error_code: The status, or five digits: the status and two of its own.
        retry_after_s: When the same may be asked again, where the server says so; nothing was done.
    """

    def __init__(
        self, status: int, error_code: int, message: str, retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{message} (error {error_code})")
        self.status = status
        self.error_code = error_code
        self.message = message
        self.retry_after_s = retry_after_s


class Closed(ClientError):
    """The server has closed the WebSocket and does not want the client to come back as it is.

    Attributes:
        code: Of the close (docs/websocket.md).
    """

    def __init__(self, url: str, code: int, reason: str) -> None:
        super().__init__(f"{url} has closed the connection: {reason} (code {code})")
        self.url = url
        self.code = code
        self.reason = reason


class Fenced(Closed):
    """Another consumer has this one's instance id now."""


class NotOpen(ClientError):
    """The client was closed, or not opened yet; the caller erred."""

    def __init__(self) -> None:
        super().__init__("the client is not open: use it in a with block")

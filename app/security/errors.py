"""What keeps a party out."""

MESSAGE = "Authentication failed."
"""What every party is told, whichever part was wrong."""


class AuthenticationFailed(Exception):
    """The party did not show who it is; what it is told does not say which part was wrong."""

    def __init__(self, log_reason: str, *, retry_after_s: float | None = None) -> None:
        """Refuse a login.

        Args:
            log_reason: Why, for the audit log alone; never holds what was tried.
            retry_after_s: How long another attempt is pointless, if that is why.
        """
        super().__init__(MESSAGE)
        self.log_reason = log_reason
        self.retry_after_s = retry_after_s

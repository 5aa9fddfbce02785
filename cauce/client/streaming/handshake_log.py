"""The log of WebSockets, without what the handshake logs in with.

Called by: link. Calls: nothing.
"""

import logging

HIDDEN = frozenset({"authorization", "proxy-authorization", "cookie"})


class _Hiding(logging.Filter):
    """Takes the values out of lines that show a header; websockets logs one a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        args = record.args
        if isinstance(args, tuple) and len(args) == 2 and str(args[0]).lower() in HIDDEN:
            record.args = (args[0], "***")
        return True


def hiding_logger() -> logging.Logger:
    """Return the logger that connections write to."""
    logger = logging.getLogger("cauce.client.websocket")
    if not any(isinstance(one, _Hiding) for one in logger.filters):
        logger.addFilter(_Hiding())
    return logger

"""Ports for servers that the tests start.

Each port is handed out once, from below the range that Linux takes for outgoing connections
(``ip_local_port_range`` begins at 32768): what is free now is free still when the server binds it,
though other workers and clients are busy on the same machine.
"""

import os
import socket
from itertools import cycle, islice

FIRST, END = 12_000, 32_000
WORKERS_MAX = 4

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS_MAX
_SHARE = (END - FIRST) // WORKERS_MAX
_BEGIN = FIRST + _worker * _SHARE
_ports = islice(cycle(range(_BEGIN, _BEGIN + _SHARE)), os.getpid() % _SHARE, None)


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on, another one each time."""
    for port in _ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("unreachable: the ports go round")

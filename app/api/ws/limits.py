"""Bounds of one WebSocket, each with a name; clients are told the ones that concern them.

Called by: everything else here. Calls: nothing.
"""

import msgspec

FRAME_BYTES_MAX = 8 * 1024 * 1024
"""One message of a client, its fragments together and unpacked."""

TEXT_CHARS_MAX = 256
"""A name that a client makes up: of a request, a subscription."""

IN_FLIGHT_BYTES_MAX = 16 * 1024 * 1024
"""Records that a client has sent and has no receipt of; at the bound nothing more is read."""

IN_FLIGHT_FRAMES_MAX = 1_000
"""Likewise, in frames."""

RECORDS_OF_A_PRODUCE_MAX = 100_000
SUBSCRIPTIONS_MAX = 64
"""Of one socket."""

PARTITIONS_MAX = 1_000
"""That one frame names."""

FETCH_BYTES_MAX = 256 * 1024
"""What one records frame is made of, as it lies in the log; a batch may be more."""

SLOW_FETCH_BYTES_MAX = 64 * 1024
"""Likewise, of a peer that has yet to show that it reads: hundreds may never do."""

QUICK_FRAMES_MIN = 8
"""So many frames without a wait for the socket show it."""

FRAME_RECORDS_MAX = 5_000
"""Records of one records frame, whatever a client asks for."""

QUEUE_BYTES_MAX = 256 * 1024
"""Answers that wait to be sent on one socket; at the bound nothing more is read of it."""

SOCKETS_MAX = 5_000
"""Sockets of one node; a further one is told to come back (1013)."""

CREDIT_MAX = 2**53 - 1
"""The largest integer that JavaScript holds; credit beyond it is as good as without a bound."""

AUTO_RECORDS = 20_000
AUTO_BYTES = 4 * 1024 * 1024
"""What a subscription with ``"credit": "auto"`` may have delivered and not acknowledged."""

UNACKNOWLEDGED_FRAMES_MAX = 10_000
"""Records frames that a subscription remembers until they are acknowledged."""

AUTH_FRAME_BYTES_MAX = 32 * 1024
"""A message of a client that has not said who it is."""

STRANGERS_MAX = 500
"""Sockets of a node whose clients have not said who they are; one more is told to come back."""

STRANGERS_OF_ADDRESS_MAX = 100
"""Likewise, of one address: clients behind one proxy or NAT say so within one round trip."""

AUTH_SECONDS_MAX = 5.0
"""How long a client that has not said who it is may take to do so in its first frame: a round trip
of a bad line, a packet sent twice, and for a token of a provider the fetch of its keys."""

HEARTBEAT_SECONDS = 15.0
"""How often the peer is asked for a sign of life, and given one."""

SILENCE_SECONDS_MAX = 30.0
"""How long a peer may give none: then it is gone, or as good as gone."""

IDLE_SECONDS_MAX = 600.0
"""How long a socket may live without a subscription and without a frame."""

SEND_SECONDS_MAX = 20.0
"""How long a peer may take to make room for a frame: beyond, it reads too slowly."""

REVOKE_SECONDS_MAX = 5.0
"""How long a client may take to commit what it is about to lose."""

CLOSE_SECONDS_MAX = 3.0
"""How long a peer may take to answer a close: with the second in which the end of a login is seen,
less than five."""

DRAIN_RETRY_MS = 500
BUSY_RETRY_MS = 5_000
SLOW_RETRY_MS = 1_000
"""When to come back: after a restart, to a full node, for who reads slowly."""

REASON_BYTES_MAX = 123
"""Of a close frame (RFC 6455, 5.5: 125 bytes with the code)."""


class LimitsOut(msgspec.Struct, frozen=True):
    """What a client is told of them."""

    frame_bytes_max: int = FRAME_BYTES_MAX
    in_flight_bytes_max: int = IN_FLIGHT_BYTES_MAX
    in_flight_frames_max: int = IN_FLIGHT_FRAMES_MAX
    produce_records_max: int = RECORDS_OF_A_PRODUCE_MAX
    subscriptions_max: int = SUBSCRIPTIONS_MAX
    frame_records_max: int = FRAME_RECORDS_MAX
    auto_records: int = AUTO_RECORDS
    auto_bytes: int = AUTO_BYTES
    heartbeat_ms: int = int(HEARTBEAT_SECONDS * 1000)
    silence_ms_max: int = int(SILENCE_SECONDS_MAX * 1000)

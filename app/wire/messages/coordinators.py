"""Who coordinates a group or a transaction.

Source: Kafka's protocol guide, "The Messages".
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import Int8, Int16, Int32


@request(key=10, versions=(0, 4), flexible=3)
class FindCoordinatorRequest:
    """Request of FindCoordinator."""

    key: str = field(until=3)
    key_type: Int8 = field(1)
    coordinator_keys: list[str] = field(4)


@struct
class Coordinator:
    """``coordinators`` of ``FindCoordinatorResponse``."""

    key: str = field(4)
    node_id: Int32 = field(4)
    host: str = field(4)
    port: Int32 = field(4)
    error_code: Int16 = field(4)
    error_message: str | None = field(4, nullable=4, default=None)


@response(FindCoordinatorRequest)
class FindCoordinatorResponse:
    """Response of FindCoordinator."""

    throttle_time_ms: Int32 = field(1)
    error_code: Int16 = field(until=3)
    error_message: str | None = field(1, until=3, nullable=1, default=None)
    node_id: Int32 = field(until=3)
    host: str = field(until=3)
    port: Int32 = field(until=3)
    coordinators: list[Coordinator] = field(4)

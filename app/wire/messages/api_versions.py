"""What a broker can do: the first request of every client.

Source: Kafka's protocol guide, "The Messages".
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import Int16, Int32, Int64


@request(key=18, versions=(0, 4), flexible=3)
class ApiVersionsRequest:
    """Request of ApiVersions."""

    client_software_name: str = field(3)
    client_software_version: str = field(3)


@struct
class ApiVersion:
    """``api_keys`` of ``ApiVersionsResponse``."""

    api_key: Int16 = 0
    min_version: Int16 = 0
    max_version: Int16 = 0


@struct
class SupportedFeatureKey:
    """``supported_features`` of ``ApiVersionsResponse``."""

    name: str = field(3)
    min_version: Int16 = field(3)
    max_version: Int16 = field(3)


@struct
class FinalizedFeatureKey:
    """``finalized_features`` of ``ApiVersionsResponse``."""

    name: str = field(3)
    max_version_level: Int16 = field(3)
    min_version_level: Int16 = field(3)


@response(ApiVersionsRequest)
class ApiVersionsResponse:
    """Response of ApiVersions."""

    error_code: Int16 = 0
    api_keys: list[ApiVersion] = field()
    throttle_time_ms: Int32 = field(1)
    supported_features: list[SupportedFeatureKey] = field(3, tag=0)
    finalized_features_epoch: Int64 = field(3, tag=1, default=-1)
    finalized_features: list[FinalizedFeatureKey] = field(3, tag=2)
    zk_migration_ready: bool = field(3, tag=3)

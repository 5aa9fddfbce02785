"""ApiVersions: what this door serves; every client asks it first.

No features are listed: their smallest versions could not be told to Java clients before 3.9
(KAFKA-17011), and clients then keep to the first transaction protocol.
Source: KIP-511 (software name and version), KIP-584 (features).
"""

import re
from collections.abc import Sequence

from app.wire.call import Call
from app.wire.messages.api_versions import ApiVersion, ApiVersionsRequest, ApiVersionsResponse
from app.wire.registry import serve

INVALID_REQUEST = 42
UNSUPPORTED_VERSION = 35
SOFTWARE_SINCE = 3
_SOFTWARE = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?\Z")


def api_versions(call: Call, request: ApiVersionsRequest) -> ApiVersionsResponse:
    """Answer with the versions that are served, and remember the client's software."""
    if call.api_version >= SOFTWARE_SINCE:
        names = (request.client_software_name, request.client_software_version)
        if not all(_SOFTWARE.match(name) for name in names):
            return ApiVersionsResponse(error_code=INVALID_REQUEST)
        call.client.software_name, call.client.software_version = names
    return ApiVersionsResponse(api_keys=list(call.served))


def unsupported_version(served: Sequence[ApiVersion]) -> ApiVersionsResponse:
    """Answer a version of ApiVersions that is not known here, in version 0."""
    return ApiVersionsResponse(error_code=UNSUPPORTED_VERSION, api_keys=list(served))


SERVED = (serve(ApiVersionsRequest, api_versions),)

"""Configs of topics and brokers.

Source: Kafka's protocol guide, "The Messages".
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import Int8, Int16, Int32


@struct
class DescribeConfigsResource:
    """``resources`` of ``DescribeConfigsRequest``."""

    resource_type: Int8 = 0
    resource_name: str = ""
    configuration_keys: list[str] | None = field()


@request(key=32, versions=(1, 4), flexible=4)
class DescribeConfigsRequest:
    """Request of DescribeConfigs."""

    resources: list[DescribeConfigsResource] = field()
    include_synonyms: bool = False
    include_documentation: bool = field(3)


@struct
class DescribeConfigsSynonym:
    """``synonyms`` of ``DescribeConfigsResourceResult``."""

    name: str = ""
    value: str | None = ""
    source: Int8 = 0


@struct
class DescribeConfigsResourceResult:
    """``configs`` of ``DescribeConfigsResult``."""

    name: str = ""
    value: str | None = ""
    read_only: bool = False
    config_source: Int8 = -1
    is_sensitive: bool = False
    synonyms: list[DescribeConfigsSynonym] = field()
    config_type: Int8 = field(3)
    documentation: str | None = field(3)


@struct
class DescribeConfigsResult:
    """``results`` of ``DescribeConfigsResponse``."""

    error_code: Int16 = 0
    error_message: str | None = None
    resource_type: Int8 = 0
    resource_name: str = ""
    configs: list[DescribeConfigsResourceResult] = field()


@response(DescribeConfigsRequest)
class DescribeConfigsResponse:
    """Response of DescribeConfigs."""

    throttle_time_ms: Int32 = 0
    results: list[DescribeConfigsResult] = field()


@struct
class AlterableConfig:
    """``configs`` of ``AlterConfigsResource``."""

    name: str = ""
    value: str | None = ""


@struct
class AlterConfigsResource:
    """``resources`` of ``AlterConfigsRequest``."""

    resource_type: Int8 = 0
    resource_name: str = ""
    configs: list[AlterableConfig] = field()


@request(key=33, versions=(0, 2), flexible=2)
class AlterConfigsRequest:
    """Request of AlterConfigs."""

    resources: list[AlterConfigsResource] = field()
    validate_only: bool = False


@struct
class AlterConfigsResourceResponse:
    """``responses`` of ``AlterConfigsResponse``."""

    error_code: Int16 = 0
    error_message: str | None = None
    resource_type: Int8 = 0
    resource_name: str = ""


@response(AlterConfigsRequest)
class AlterConfigsResponse:
    """Response of AlterConfigs."""

    throttle_time_ms: Int32 = 0
    responses: list[AlterConfigsResourceResponse] = field()


@struct
class IncrementalAlterableConfig:
    """``configs`` of ``IncrementalAlterConfigsResource``."""

    name: str = ""
    config_operation: Int8 = 0
    value: str | None = ""


@struct
class IncrementalAlterConfigsResource:
    """``resources`` of ``IncrementalAlterConfigsRequest``."""

    resource_type: Int8 = 0
    resource_name: str = ""
    configs: list[IncrementalAlterableConfig] = field()


@request(key=44, versions=(0, 1), flexible=1)
class IncrementalAlterConfigsRequest:
    """Request of IncrementalAlterConfigs."""

    resources: list[IncrementalAlterConfigsResource] = field()
    validate_only: bool = False


@struct
class IncrementalAlterConfigsResourceResponse:
    """``responses`` of ``IncrementalAlterConfigsResponse``."""

    error_code: Int16 = 0
    error_message: str | None = None
    resource_type: Int8 = 0
    resource_name: str = ""


@response(IncrementalAlterConfigsRequest)
class IncrementalAlterConfigsResponse:
    """Response of IncrementalAlterConfigs."""

    throttle_time_ms: Int32 = 0
    responses: list[IncrementalAlterConfigsResourceResponse] = field()

"""Quotas of users, client ids and addresses.

Source: Kafka's protocol guide, "The Messages"; KIP-546.
"""

from app.wire.message import field, request, response, struct
from app.wire.primitives import Float64, Int8, Int16, Int32


@struct
class ComponentData:
    """``components`` of ``DescribeClientQuotasRequest``."""

    entity_type: str = ""
    match_type: Int8 = 0
    match: str | None = ""


@request(key=48, versions=(0, 1), flexible=1)
class DescribeClientQuotasRequest:
    """Request of DescribeClientQuotas."""

    components: list[ComponentData] = field()
    strict: bool = False


@struct
class DescribedEntityData:
    """``entity`` of ``DescribedEntryData``."""

    entity_type: str = ""
    entity_name: str | None = ""


@struct
class DescribedValueData:
    """``values`` of ``DescribedEntryData``."""

    key: str = ""
    value: Float64 = 0.0


@struct
class DescribedEntryData:
    """``entries`` of ``DescribeClientQuotasResponse``."""

    entity: list[DescribedEntityData] = field()
    values: list[DescribedValueData] = field()


@response(DescribeClientQuotasRequest)
class DescribeClientQuotasResponse:
    """Response of DescribeClientQuotas."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: str | None = ""
    entries: list[DescribedEntryData] | None = field()


@struct
class AlteredEntityData:
    """``entity`` of ``EntryToAlter`` and of ``AlteredEntryData``."""

    entity_type: str = ""
    entity_name: str | None = ""


@struct
class OpData:
    """``ops`` of ``EntryToAlter``."""

    key: str = ""
    value: Float64 = 0.0
    remove: bool = False


@struct
class EntryToAlter:
    """``entries`` of ``AlterClientQuotasRequest``."""

    entity: list[AlteredEntityData] = field()
    ops: list[OpData] = field()


@request(key=49, versions=(0, 1), flexible=1)
class AlterClientQuotasRequest:
    """Request of AlterClientQuotas."""

    entries: list[EntryToAlter] = field()
    validate_only: bool = False


@struct
class AlteredEntryData:
    """``entries`` of ``AlterClientQuotasResponse``."""

    error_code: Int16 = 0
    error_message: str | None = ""
    entity: list[AlteredEntityData] = field()


@response(AlterClientQuotasRequest)
class AlterClientQuotasResponse:
    """Response of AlterClientQuotas."""

    throttle_time_ms: Int32 = 0
    entries: list[AlteredEntryData] = field()

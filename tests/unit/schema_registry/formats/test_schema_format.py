"""The seam of formats: its bounds are sane."""

from schema_registry.formats import schema_format


def test_bounds_leave_room_for_real_schemas() -> None:
    assert schema_format.SCHEMA_TEXT_BYTES_MAX >= 1_000_000
    assert schema_format.REFERENCES_MAX >= schema_format.REFERENCE_DEPTH_MAX >= 10

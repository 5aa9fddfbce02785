"""The defaults of groups are Kafka's."""

from app.coordinators.groups.rules import GroupRules


def test_the_defaults_are_kafkas() -> None:
    rules = GroupRules()

    assert (rules.session_timeout_ms_min, rules.session_timeout_ms_max) == (6_000, 1_800_000)
    assert (rules.offset_metadata_bytes_max, rules.offsets_retention_ms) == (4_096, 604_800_000)
    assert rules.membership.initial_rebalance_delay_ms == 3_000
    assert (rules.consumer.session_timeout_ms, rules.consumer.heartbeat_interval_ms) == (
        45_000,
        5_000,
    )

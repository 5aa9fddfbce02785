"""Recovery progress: what is said of a long recovery, and that a short one says nothing."""

import logging

import pytest

from storage.recovery_progress import REPORT_INTERVAL_S, RecoveryProgress


def test_long_recovery_is_reported_every_few_seconds(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "storage")
    now = 100.0
    progress = RecoveryProgress(lambda: now)
    progress.expect(3)
    progress.expect(2)

    for _ in range(8):
        now += REPORT_INTERVAL_S / 4
        progress.checked(500_000_000)
    progress.done()
    progress.finish()

    assert [record.message for record in caplog.records] == [
        "recovering: 0 of 5 logs, 2.00 GB checked, 5.0 s",
        "recovering: 0 of 5 logs, 4.00 GB checked, 10.0 s",
        "recovered: 1 of 5 logs, 4.00 GB checked, 10.0 s",
    ]


def test_logs_that_were_closed_cleanly_are_no_news(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "storage")
    progress = RecoveryProgress()
    progress.expect(1)
    progress.done()
    progress.finish()

    assert caplog.records == []

"""Tickets over REST."""

import pytest

from app.api.auth import tickets
from tests.support.application import RunningApplication


async def test_ticket_is_shown_once_and_not_kept_on_its_way(running: RunningApplication) -> None:
    answer = await running.client.post("/v3/auth/ticket")

    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["expires_in"] < 60
    assert running.front.login is not None
    redeemed = running.front.login.tickets.redeem(answer.json()["ticket"])
    assert str(redeemed) == "User:ANONYMOUS"


async def test_hoarders_are_told_to_use_what_they_have(
    running: RunningApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tickets, "OF_PRINCIPAL_MAX", 0)

    answer = await running.client.post("/v3/auth/ticket")

    assert (answer.status_code, answer.json()["error_code"]) == (429, 42901)

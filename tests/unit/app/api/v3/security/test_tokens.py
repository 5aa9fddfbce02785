"""Tokens over REST v3: OAuth 2's words, from outside."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka.conn import ScramAuthenticator

from app.api.v3.security.token_models import SCRAM_GRANT
from app.security.bootstrap import FILE
from tests.support.application import RunningApplication, running_application

TOKEN, REVOKE, WHO = "/v3/auth/token", "/v3/auth/revoke", "/v3/auth/whoami"
LOGIN = {"grant_type": "client_credentials"}


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[RunningApplication]:
    """A node whose clients must log in."""
    async with running_application(
        tmp_path / "data",
        authentication="required",
        connection_failed_authentication_delay_ms=0,
    ) as running:
        yield running


@pytest.fixture
def secret(closed: RunningApplication, tmp_path: Path) -> str:
    """The admin's password."""
    return (tmp_path / "data" / FILE).read_text().strip()


def bearer(answer: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


async def test_token_is_got_by_form_or_json_used_refreshed_and_revoked(
    closed: RunningApplication, secret: str
) -> None:
    client, admin = closed.client, ("admin", secret)
    credentials = {"client_id": "admin", "client_secret": secret}

    by_form = await client.post(TOKEN, data=LOGIN, auth=admin)
    by_json = await client.post(TOKEN, json={**LOGIN, **credentials, "scope": "read"})

    assert by_form.status_code == by_json.status_code == 200, by_form.text + by_json.text
    assert by_form.headers["cache-control"] == "no-store"
    assert by_form.json().keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert by_form.json()["token_type"] == "Bearer"
    assert 895 <= by_form.json()["expires_in"] <= 900  # the token's end is a whole second
    assert by_json.json()["scope"] == "read"
    found = (await client.get(WHO, headers=bearer(by_json))).json()
    assert (found["principal"], found["credential"], found["scopes"]) == (
        "User:admin",
        "access_token",
        ["read"],
    )
    assert (await client.get("/v3/clusters", headers=bearer(by_form))).status_code == 200
    refused = await client.post("/v3/clusters/-/users", json={"name": "x"}, headers=bearer(by_json))
    assert refused.status_code == 403
    refresh = {"grant_type": "refresh_token", "refresh_token": by_form.json()["refresh_token"]}
    second = await client.post(TOKEN, data=refresh)
    assert second.status_code == 200, second.text
    assert (await client.post(TOKEN, data=refresh)).json()["error"] == "invalid_grant"
    for answer in (by_form, second):  # the refresh token was used twice: the login is over
        assert (await client.get(WHO, headers=bearer(answer))).status_code == 401
    token = {"token": by_json.json()["access_token"], "token_type_hint": "access_token"}
    for _ in range(2):
        assert (await client.post(REVOKE, data=token)).status_code == 200
    assert (await client.get(WHO, headers=bearer(by_json))).status_code == 401


async def test_page_of_another_site_does_not_lock_anybody_out(
    closed: RunningApplication, secret: str
) -> None:
    """A form is sent without asking; what it says is not looked at."""
    client = closed.client
    page = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    guess = {**LOGIN, "client_id": "admin", "client_secret": "a guess"}

    for number in range(8):
        path = (TOKEN, REVOKE)[number % 2]
        refused = await client.post(path, data={**guess, "token": "x"}, headers=page)
        assert (refused.status_code, refused.json()["error_code"]) == (403, 40301)

    own = {"origin": str(client.base_url), "sec-fetch-site": "same-origin"}
    assert (await client.post(TOKEN, data=guess, headers=own)).status_code == 401
    assert (await client.post(TOKEN, data=LOGIN, auth=("admin", secret))).status_code == 200


async def test_scram_in_two_calls_never_shows_the_password(
    closed: RunningApplication, secret: str
) -> None:
    client = ScramAuthenticator(
        loop=None,
        sasl_plain_password=secret,
        sasl_plain_username="admin",
        sasl_mechanism="SCRAM-SHA-512",
    )
    begin = {
        "grant_type": SCRAM_GRANT,
        "mechanism": "SCRAM-SHA-512",
        "message": client.first_message(),
    }

    first = await closed.client.post(TOKEN, data=begin)
    client.process_server_first_message(first.json()["message"])
    end = {
        "grant_type": SCRAM_GRANT,
        "exchange": first.json()["exchange"],
        "message": client.final_message(),
    }
    second = await closed.client.post(TOKEN, json=end)

    client.process_server_final_message(second.json()["message"])
    assert (await closed.client.get(WHO, headers=bearer(second))).json()["principal"] == (
        "User:admin"
    )
    assert (await closed.client.post(TOKEN, json=end)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        ("", "application/x-www-form-urlencoded", "invalid_request"),
        ("grant_type", "application/x-www-form-urlencoded", "invalid_request"),
        ("grant_type=a&grant_type=b", "application/x-www-form-urlencoded", "invalid_request"),
        ("grant_type=%ff", "application/x-www-form-urlencoded", "invalid_request"),
        ("a=1&" * 30, "application/x-www-form-urlencoded", "invalid_request"),
        ("{", "application/json", "invalid_request"),
        ('{"grant_type":5}', "application/json", "invalid_request"),
        ("[" * 9_000, "application/json", "invalid_request"),
        ('{"grant_type":"client_credentials"}', "text/plain", "invalid_request"),
        ('{"grant_type":"password"}', "application/json", "unsupported_grant_type"),
        ('{"grant_type":"refresh_token"}', "application/json", "invalid_request"),
        ("grant_type=client_credentials", "application/x-www-form-urlencoded", "invalid_client"),
        (
            "grant_type=client_credentials&client_id=admin&client_secret=canary",
            "application/x-www-form-urlencoded",
            "invalid_client",
        ),
        (
            "grant_type=client_credentials&scope=root",
            "application/x-www-form-urlencoded",
            "invalid_scope",
        ),
        (f'{{"grant_type":"{SCRAM_GRANT}"}}', "application/json", "invalid_request"),
        (
            f'{{"grant_type":"{SCRAM_GRANT}","message":"x"}}',
            "application/json",
            "invalid_grant",
        ),
    ],
)
async def test_what_is_not_good_is_refused_in_oauth_s_shape(
    running: RunningApplication, body: str, kind: str, error: str
) -> None:
    answer = await running.client.post(TOKEN, content=body, headers={"content-type": kind})

    assert answer.json().keys() == {"error", "error_description"}, answer.text
    assert answer.json()["error"] == error
    assert answer.status_code == (401 if error == "invalid_client" else 400)
    assert ("www-authenticate" in answer.headers) is (error == "invalid_client")
    assert "canary" not in answer.text


@pytest.mark.parametrize(
    ("mode", "shown", "scheme"),
    [
        ("cors", {}, "Bearer"),
        ("cors", {"authorization": "Basic YTpi"}, "Basic"),
        ("", {}, "Basic"),
    ],
    ids=["form", "header", "program"],
)
async def test_form_of_a_page_does_not_have_its_browser_ask_for_a_password(
    running: RunningApplication, mode: str, shown: dict[str, str], scheme: str
) -> None:
    body = LOGIN if shown else {**LOGIN, "client_id": "a", "client_secret": "b"}
    headers = {**shown, **({"sec-fetch-mode": mode} if mode else {})}

    answer = await running.client.post(TOKEN, data=body, headers=headers)

    assert answer.status_code == 401
    assert answer.headers.get_list("www-authenticate")[0].split()[0] == scheme


async def test_credentials_are_shown_once_and_not_in_the_clear(
    running: RunningApplication,
) -> None:
    client = running.client
    twice = await client.post(TOKEN, data={**LOGIN, "client_secret": "x"}, auth=("a", "b"))
    other = await client.post(TOKEN, data={**LOGIN, "client_id": "x"}, auth=("a", "b"))
    by_key = await client.post(TOKEN, data=LOGIN, headers={"authorization": "Bearer x"})
    garbled = await client.post(TOKEN, data=LOGIN, headers={"authorization": "Basic !"})
    large = await client.post(TOKEN, data={"x": "y" * 20_000})

    assert [one.json().get("error") for one in (twice, other, by_key, garbled)] == [
        "invalid_request",
        "invalid_request",
        "invalid_client",
        "invalid_client",
    ]
    assert large.status_code == 413

    transport = httpx.ASGITransport(app=running.front, client=("192.0.2.1", 5))
    async with httpx.AsyncClient(transport=transport, base_url="http://cauce.test") as far:
        for path in (TOKEN, REVOKE):
            seen = await far.post(path, data={**LOGIN, "token": "x"})
            assert (seen.status_code, seen.json()["error"]) == (400, "invalid_request")


async def test_too_many_failures_are_told_when_to_come_back(running: RunningApplication) -> None:
    await running.client.post("/v3/clusters/-/users", json={"name": "alice"})
    wrong = {**LOGIN, "client_id": "alice", "client_secret": "x"}
    for number in range(5):
        await running.client.post(TOKEN, json={**wrong, "client_secret": f"x{number}"})

    answer = await running.client.post(TOKEN, json=wrong)

    assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) >= 1


async def test_who_one_is_on_an_open_node(running: RunningApplication) -> None:
    answer = await running.client.get(WHO)

    assert answer.json()["principal"] == "User:ANONYMOUS"
    assert answer.json()["credential"] is None


async def test_a_header_that_does_not_read_is_refused_and_written_down(
    closed: RunningApplication, tmp_path: Path
) -> None:
    for shown in ("Basic canary*", "canary", "Basic Y2FuYXJ5"):
        answer = await closed.client.post(TOKEN, data=LOGIN, headers={"authorization": shown})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert "canary" not in answer.text
    async with asyncio.timeout(20):
        while (text := (tmp_path / "data" / "audit.log").read_text()).count("UNAUTHENTIC") < 3:
            await asyncio.sleep(0.05)
    assert "canary" not in text

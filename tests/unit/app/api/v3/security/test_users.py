"""Users over REST v3: made, described, changed, deleted; no answer has a password."""

import pytest

from tests.support.application import RunningApplication

USERS = "/v3/clusters/-/users"
CANARY = "canary-password"


async def test_user_is_made_found_at_its_link_changed_and_deleted(
    running: RunningApplication, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    client = running.client
    made = await client.post(USERS, json={"name": "alice", "password": CANARY})
    link = f"http://cauce.test/v3/clusters/{running.cluster_id}/users"
    assert made.status_code == 201, made.text
    body = made.json()
    assert body.pop("created_at_ms") > 0
    assert body == {
        "kind": "CauceUser",
        "metadata": {"self": f"{link}/alice"},
        "cluster_id": running.cluster_id,
        "name": "alice",
        "has_password": True,
        "scram_mechanisms": ["SCRAM-SHA-256", "SCRAM-SHA-512"],
    }
    again = await client.post(USERS, json={"name": "alice", "password": CANARY})
    found = await client.get(body["metadata"]["self"])
    listed = await client.get(USERS)
    altered = await client.patch(f"{USERS}/alice", json={"password": CANARY + "-2"})
    wrong = await client.patch(f"{USERS}/alice", json={"password": CANARY, "canary": 1})
    deleted = await client.delete(f"{USERS}/alice")
    gone = await client.get(f"{USERS}/alice")

    assert found.json() == made.json()
    assert listed.json()["data"] == [made.json()]
    answers = [again, altered, wrong, deleted, gone]
    assert [one.status_code for one in answers] == [409, 204, 422, 204, 404]
    assert again.json()["error_code"] == 40902
    assert not any(CANARY in one.text for one in (made, found, listed, *answers))
    assert CANARY not in caplog.text


async def test_body_that_does_not_do_is_refused_without_its_password(
    running: RunningApplication,
) -> None:
    for body in (
        {"name": "", "password": CANARY},
        {"name": "*", "password": CANARY},
        {"name": "a", "password": CANARY, "more": CANARY},
        {"name": "a", "password": [CANARY]},
        {"name": "a", "password": CANARY + "\x07"},
    ):
        answer = await running.client.post(USERS, json=body)
        assert answer.status_code in (400, 422), answer.text
        assert "canary" not in answer.text


async def test_a_password_that_is_too_short_or_too_long_is_told_in_words_of_passwords(
    running: RunningApplication,
) -> None:
    for password, said in (("short", "at least 8 characters"), ("x" * 2000, "at most")):
        created = await running.client.post(USERS, json={"name": "a", "password": password})
        altered = await running.client.patch(f"{USERS}/a", json={"password": password})
        for answer in (created, altered):
            assert (answer.status_code, answer.json()["error_code"]) == (400, 40002)
            assert said in answer.json()["message"]
            assert password not in answer.text

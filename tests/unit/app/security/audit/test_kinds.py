"""The kinds of audit events: what each says."""

from app.security.acls import CLUSTER, Decision, Ground, Operation, topic
from app.security.audit.event import Category, Result
from app.security.audit.kinds import allowed, denied, ended, login_failed, login_succeeded, lost
from app.security.principal import Principal

ALICE = Principal("alice", host="10.0.0.1")


def test_logins_say_how_and_why_not() -> None:
    good = login_succeeded(ALICE, "PLAIN")
    bad = login_failed("mallory", "PLAIN", "10.0.0.9", "wrong user or password")

    assert (good.result, good.principal) == (Result.SUCCESS, ALICE)
    assert (bad.result, bad.principal, bad.host) == (Result.UNAUTHENTICATED, None, "10.0.0.9")
    assert bad.metadata == {"mechanism": "PLAIN", "identifier": "mallory"}
    assert bad.message == "wrong user or password"


def test_denied_is_a_category_of_its_own() -> None:
    decision = Decision(is_allowed=False, ground=Ground.NO_ACL)

    event = denied(ALICE, Operation.READ, topic("t"), decision)

    assert (event.category, event.result) == (Category.DENIED, Result.UNAUTHORIZED)


def test_change_is_two_events_of_one_request() -> None:
    decision = Decision(is_allowed=True, ground=Ground.SUPER_USER)

    begun = allowed(
        Category.ADMIN,
        "CreateUser",
        ALICE,
        Operation.ALTER,
        CLUSTER,
        decision,
        request_id="r",
        items=("bob",),
    )
    good = ended("CreateUser", ALICE, CLUSTER, request_id="r")
    bad = ended("CreateUser", ALICE, CLUSTER, request_id="r", error="DUPLICATE_RESOURCE")

    assert begun.result is None
    assert (good.result, good.request_id) == (Result.SUCCESS, begun.request_id)
    assert (bad.result, bad.message) == (Result.FAILURE, "DUPLICATE_RESOURCE")


def test_lost_events_are_counted_in_words() -> None:
    assert "7 events" in lost(7).message

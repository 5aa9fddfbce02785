"""Security images hold what the tables hold, and change only where those did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cluster.security_records import SecurityRecords, UserRecord
from app.security.acls import Acl, Operation, PatternType, Permission, ResourceType
from app.security.image import acl_of, image_of, record_of
from tests.support.security.records import acl, api_key, delegation_token, scram


def records(version: int = 1, *names: str) -> SecurityRecords:
    user = UserRecord(name="alice", password_hash="canary", generation=1, created_at_ms=1)
    return SecurityRecords(
        version=version,
        users=(user,),
        scram=(scram(),),
        api_keys=(api_key(),),
        delegation_tokens=(delegation_token(),),
        revoked={"t": 5},
        acls=frozenset(acl(name) for name in names),
        quotas={},
    )


def test_everything_is_found_by_its_name_and_nothing_can_be_changed() -> None:
    image = image_of(records(3, "a"))

    assert (image.version, image.users["alice"].generation) == (3, 1)
    assert image.scram["alice", "SCRAM-SHA-256"] == scram()
    assert image.api_keys["k1"] == api_key()
    assert image.delegation_tokens["d1"] == delegation_token()
    assert dict(image.revoked) == {"t": 5}
    with pytest.raises(TypeError):
        image.users["bob"] = image.users["alice"]  # type: ignore[index]
    assert "canary" not in repr(image)


def test_access_control_lists_stay_the_same_object_while_they_are_the_same() -> None:
    first = image_of(records(1, "a"))

    assert image_of(records(2, "a"), first).acls is first.acls
    assert image_of(records(3, "a", "b"), first).acls != first.acls


@given(
    st.builds(
        Acl,
        st.sampled_from(ResourceType),
        st.sampled_from(PatternType),
        st.text(),
        st.text(),
        st.text(),
        st.sampled_from(Operation),
        st.sampled_from(Permission),
    )
)
def test_access_control_list_goes_to_its_record_and_back(one: Acl) -> None:
    assert acl_of(record_of(one)) == one

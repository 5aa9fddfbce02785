"""Records never show a secret when they are printed."""

from app.cluster.security_records import UserRecord
from tests.support.security.records import api_key, delegation_token, refresh_token, scram


def test_no_record_shows_what_a_login_needs() -> None:
    user = UserRecord(name="alice", password_hash="canary", generation=1, created_at_ms=1)

    for record in (user, scram(), api_key(), refresh_token(), delegation_token()):
        assert "canary" not in repr(record)
        assert "canary" not in str(record)

from app.security.tls.errors import TlsError


def test_it_says_what_is_wrong() -> None:
    assert str(TlsError("a.pem holds no certificates")) == "a.pem holds no certificates"

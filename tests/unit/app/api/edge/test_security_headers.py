"""Security headers: what they forbid."""

from app.api.edge.security_headers import SECURITY_HEADERS, as_lines, as_pairs, security_headers


def test_nothing_may_be_guessed_run_framed_or_told() -> None:
    found = dict(SECURITY_HEADERS)

    assert found["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in found["content-security-policy"]
    assert "frame-ancestors 'none'" in found["content-security-policy"]
    assert found["referrer-policy"] == "no-referrer"


def test_lines_are_those_of_a_head() -> None:
    lines = as_lines().decode().split("\r\n")

    assert lines.pop() == ""
    assert as_pairs() == [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS]
    assert [tuple(line.split(": ", 1)) for line in lines] == list(SECURITY_HEADERS)


def test_over_tls_browsers_are_told_to_stay_there() -> None:
    assert b"strict-transport-security: max-age=31536000\r\n" in as_lines(is_tls=True)
    assert security_headers(is_tls=True)[:-1] == security_headers(is_tls=False)
    assert b"strict-transport" not in as_lines()

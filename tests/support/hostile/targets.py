"""Hostile names, queries and headers, by hand: paths, percent-encoding, injection, expressions."""

import base64
from urllib.parse import quote

from tests.support.hostile.model import Hostile, request

INJECTED = "X-Hostile"
"""The header that no answer may have: only an injection puts it there."""

FORGED = "FORGED-LINE"
"""What begins a line of the log only if somebody forged it."""

_TOPICS = "/v3/clusters/-/topics"

_NAMES = [
    *(".", "..", "%2e", "%2e%2e", "%2e%2e%2f", "..%2f..%2fetc%2fpasswd", "%252e%252e", "%2f"),
    *("%5c..%5c", "%00", "a%00b", "%", "%%", "%g0", "%1", "%u0041", "%ff", "%c0%af", "%ed%a0%80"),
    *("%0d%0a" + INJECTED + ":%201", "%0a" + FORGED, "%1b%5b31m" + FORGED, "%e2%80%ae", "a%20b"),
    *("%3Cscript%3Ealert(1)%3C%2Fscript%3E", "'%20OR%201=1--", "%24%7Bjndi:ldap:%2F%2Fa%7D"),
    *(
        "%7B%7B7*7%7D%7D",
        "a;b",
        "a:b",
        "*",
        "-",
        "%EF%BC%8E",
        "%F0%9F%92%A9",
        "a" * 250,
        "a" * 9_000,
    ),
    *("__consumer_offsets", "%5F%5Fconsumer_offsets", "con", "nul", "~root", "$(true)", "`true`"),
]
_PATHS = {
    "topic": _TOPICS + "/{}",
    "group": "/v3/clusters/-/consumer-groups/{}",
    "subject": "/subjects/{}/versions",
}
_FILTERS = [
    *("(" * 1_900, "value.matches('(a+)+$')", "value.matches('" + "(a*)*" * 300 + "b')"),
    *("value.matches('[')", "value.matches('a{1000}{1000}{1000}')", "[1].all(x, [1].all(y, true))"),
    *(
        "1/0",
        "9223372036854775807 + 1",
        "'a' * 1000000",
        "value" + "[0]" * 600,
        "!" * 1_900 + "true",
    ),
    *("-" * 1_900 + "1", "__import__('os')", "value.__class__", "1 +", "'", "\x00", "a" * 3_000),
    *("true ? " * 300 + "true", "duration('99999999999999999999s')", "timestamp('x')", "b'\\xff'"),
]
_QUERIES = [
    *(
        "offset=-1",
        "offset=9999999999999999999999",
        "offset=1e9",
        "offset=%00",
        "offset=0&offset=1",
    ),
    *("offset=٣", "max_bytes=-1", "max_bytes=999999999999999999", "wait_ms=-5", "wait_ms=NaN"),
    *("timestamp=253402300800000000", "timestamp=-99999999999999999999", "limit=0", "limit=-1"),
    *("cursor=hostile", "cursor=" + "A" * 20_000, "next=%0d%0a" + INJECTED + ":1", "a=%", "&&&&=="),
    *("key_format=hostile", "offset[]=1", "offset[a]=1", ";offset=1", "page_token=//////"),
]
_HEADERS = [
    *(b"Accept: " + b"a/b," * 5_000, b"Accept: \xff\xfe", b"Accept: */*;q=hostile", b"Accept: ,,,"),
    *(b"Content-Type: hostile", b"Accept-Encoding: gzip;q=1e9, zstd;q=-1, *;q=NaN"),
    *(b"X-Forwarded-For: " + b"1," * 5_000, b"X-Forwarded-Host: a\tb", b'Forwarded: for="[::1'),
    *(
        b"X-Forwarded-Proto: javascript",
        b"Origin: null",
        b"Origin: http://\xff",
        b"Range: bytes=0-0",
    ),
    *(b"Authorization: Basic ****", b"Authorization: Bearer " + b"A" * 20_000, b"Authorization: "),
    *(b"Authorization: Basic " + base64.b64encode(b"a\0:b\r\nc"), b"Cookie: " + b"a=b;" * 5_000),
    *(b"If-None-Match: " + b'"a",' * 5_000, b"Expect: 100-continue", b"TE: trailers"),
    *(b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk", b"X-HTTP-Method-Override: DELETE"),
    *(b"Last-Event-ID: hostile", b"Last-Event-ID: " + b"9" * 20_000, b"Idempotency-Key: \x1b[31m"),
]
_TWO_VERSIONS = [b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 8", b"Sec-WebSocket-Key: a"]
_SOCKET_HEADERS = {
    "no key": [b"Upgrade: websocket"],
    "a short key": [b"Upgrade: websocket", b"Sec-WebSocket-Key: YQ=="],
    "two keys": [b"Upgrade: websocket", b"Sec-WebSocket-Key: YQ==", b"Sec-WebSocket-Key: Yg=="],
    "two versions": [b"Connection: Upgrade", b"Upgrade: websocket", *_TWO_VERSIONS],
    "no version": [b"Upgrade: websocket", b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="],
}
_ORIGINS = [
    *("null", "https://hostile.example", "http://127.0.0.1.hostile.example", "http://a@127.0.0.1"),
    *("file://", "chrome-extension://a", "https://hostile.example#http://127.0.0.1", "*", "://"),
]


def hostile_targets() -> list[Hostile]:
    """Return them."""
    records = _TOPICS + "/t/partitions/0/records?"
    stream = _TOPICS + "/t/records:stream?"
    return [
        *(
            Hostile(f"name of a {kind}: {name[:40]}", request("GET", path.format(name)))
            for kind, path in _PATHS.items()
            for name in _NAMES
        ),
        *(
            Hostile(
                f"filter {text[:40]!r}",
                request("GET", f"{records}offset=0&filter={quote(text)}"),
            )
            for text in _FILTERS
        ),
        *(Hostile(f"query {text[:40]}", request("GET", records + text)) for text in _QUERIES),
        *(
            Hostile(f"header {line[:40]!r}", request("GET", _TOPICS, b"", "text/plain", line))
            for line in _HEADERS
        ),
        Hostile("target of another host", request("GET", "http://other/subjects")),
        Hostile("stream that ends", request("GET", stream + "from=hostile")),
        *_sockets(),
    ]


def _sockets() -> list[Hostile]:
    found = [
        Hostile(
            f"WebSocket with {name}",
            request("GET", "/v3/ws", b"", "text/plain", *lines),
        )
        for name, lines in _SOCKET_HEADERS.items()
    ]
    handshake = (
        "GET /v3/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Origin: {}\r\n\r\n"
    )
    found += [
        Hostile(
            f"WebSocket from {origin}",
            handshake.format(origin).encode(),
            frozenset(range(400, 500)),
        )
        for origin in _ORIGINS
    ]
    return found

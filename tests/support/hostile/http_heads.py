"""Hostile heads and framings of HTTP/1.1, by hand: what a parser may read in two ways, or not end.

Source: RFC 9112 (2.2, 3, 5, 6, 7), RFC 9110 5.5; the known ways of request smuggling.
"""

from tests.support.hostile.model import ANY_REFUSAL, Hostile

_SECOND = b"GET /subjects HTTP/1.1\r\nHost: smuggled\r\n\r\n"
"""A request that must not be answered: it hides in another one's body."""

_TOPICS = b"/v3/clusters/-/topics"

_LENGTHS = [
    *(b"+5", b"-1", b"0x5", b"5.0", b"1e1", b"five", b"", b"5 5", b"5,5", b"5, 6", b"5;5"),
    *(b"99999999999999999999999", b"18446744073709551616", b"\xb2", b"05 x", b"\x005", b"5\x0b"),
]
_CODINGS = [
    *(b"xchunked", b"chunked, identity", b"identity", b"gzip, chunked", b"chunked, chunked"),
    *(b"\x0bchunked", b"chunked\x0b", b"chunked;q=1", b'"chunked"', b"chunke", b"c hunked", b","),
    *(b"gzip", b"deflate", b"compress", b"br", b"zstd", b"identity, chunked"),
]
_CHUNKS = [
    *(b"-1\r\n", b"+5\r\nhello\r\n", b"0x5\r\nhello\r\n", b"zz\r\n", b"5 5\r\nhello\r\n"),
    *(b"ffffffffffffffff\r\n", b"fffffffffffffffff\r\n", b"\r\n", b"5\r\nhelloXX0\r\n\r\n"),
    *(b"5\nhello\n0\n\n", b"5\rhello", b"5\r\nhell\r\n0\r\n\r\n", b"g\r\n", b" 5\r\nhello\r\n"),
    b"5;" + b"x" * 40_000 + b"\r\nhello\r\n0\r\n\r\n",
]
_LINES = [
    *(b"GET", b"GET /", b"GET / HTTP", b"GET / HTTP/", b"GET / HTTP/x", b"GET / HTTP/2.0"),
    *(b"GET / HTTP/9.9", b"GET / HTTP/1.11", b"GET / http/1.1", b"GET / FTP/1.1"),
    *(b"get / HTTP/1.1", b"G\x00T / HTTP/1.1", b"G(T / HTTP/1.1", b"GETGET / HTTP/1.1"),
    *(b"GET  HTTP/1.1", b"GET / /b HTTP/1.1", b"GET\t/\tHTTP/1.1", b"GET /\x00 HTTP/1.1"),
    *(b"GET /\x7f HTTP/1.1", b"GET /\xff\xfe HTTP/1.1", b"GET http:// HTTP/1.1"),
    *(b"GET * HTTP/1.1", b"CONNECT other:443 HTTP/1.1"),
    *(b"TRACE / HTTP/1.1", b"PRI * HTTP/2.0", b"X" * 300 + b" / HTTP/1.1"),
    b"GET /" + b"a" * 40_000 + b" HTTP/1.1",
    b"GET /?" + b"a=b&" * 10_000 + b" HTTP/1.1",
    b"GET /" + b"../" * 2_000 + b"etc/passwd HTTP/1.1",
]
_HEADERS = [
    *(b"Host : a", b" Host: a", b": a", b"no colon", b"A\x00B: c", b"A: b\x00c", b"A B: c"),
    *(
        b"Host: localhost\r\nHost: localhost",
        b"Host: a\r\nHost: b",
        b"Host: a\r\nhOsT: b",
        b"A\xff: b",
        b"A(: b",
    ),
    *(b"A: b\r\n c: d", b"A: b\r\n\tc", b"A: b\rC: d", b"A: b\x08c", b"\x0bHost: a"),
    b"A: " + b"b" * 40_000,
    b"A" * 40_000 + b": b",
    b"\r\n".join(b"A%d: b" % one for one in range(101)),
    b"\r\n".join(b"A: b" for _ in range(5_000)),
    b"Expect: 200-ok\r\nA(: b",
]
_WHOLE = {
    "TLS hello": bytes.fromhex("16030100a5010000a10303") + bytes(160) + b"\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
    "Kafka frame": bytes.fromhex("0000001a0012000300000001000363") + b"\r\n\r\n",
    "NUL": bytes(4_000) + b"\r\n\r\n",
    "0xff": b"\xff" * 4_000 + b"\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "answer": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "PROXY": b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "SMTP": b"EHLO a\r\nMAIL FROM:<a@b>\r\n\r\n",
    "bare CR": b"GET / HTTP/1.1\rHost: a\r\r",
}


def _with(header: bytes, body: bytes = b"") -> bytes:
    head = (
        b"POST " + _TOPICS + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    )
    return head + header + b"\r\n\r\n" + body


def hostile_heads() -> list[Hostile]:
    """Return them; each is refused, or the connection ended, and nothing hidden is answered."""
    cases = [
        *((f"length {one!r}", _with(b"Content-Length: " + one, b"hello")) for one in _LENGTHS),
        *(
            (f"coding {one!r}", _with(b"Transfer-Encoding: " + one, b"5\r\nhello\r\n0\r\n\r\n"))
            for one in _CODINGS
        ),
        *(
            (f"chunk {one[:30]!r}", _with(b"Transfer-Encoding: chunked", one + b"\r\n\r\n"))
            for one in _CHUNKS
        ),
        *((f"line {one[:40]!r}", one + b"\r\nHost: localhost\r\n\r\n") for one in _LINES),
        *(
            (f"header {one[:40]!r}", b"GET / HTTP/1.1\r\nHost: localhost\r\n" + one + b"\r\n\r\n")
            for one in _HEADERS
        ),
        *_WHOLE.items(),
        ("no Host", b"GET / HTTP/1.1\r\n\r\n"),
    ]
    return [
        *(Hostile("head: " + name, data, ANY_REFUSAL) for name, data in cases),
        *_smuggled(),
    ]


def _smuggled() -> list[Hostile]:
    hidden = b"0\r\n\r\n" + _SECOND
    length = b"Content-Length: %d\r\n" % len(hidden)
    both = [
        ("CL.TE", length + b"Transfer-Encoding: chunked"),
        ("TE.CL", b"Transfer-Encoding: chunked\r\n" + length[:-2]),
        ("two lengths", length + b"Content-Length: 5"),
        ("two lengths, the small one first", b"Content-Length: 5\r\n" + length[:-2]),
        ("two codings", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
        (
            "two codings, the other way",
            b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        ),
        ("coding with a space before the colon", length + b"Transfer-Encoding : chunked"),
        ("folded coding", length + b"Transfer-Encoding:\r\n chunked"),
        ("coding behind a bare CR", length + b"A: b\rTransfer-Encoding: chunked"),
        ("coding with a NUL", length + b"Transfer-Encoding: chunked\x00"),
        ("folded length", b"Content-Length: 5\r\n " + length[16:-2]),
    ]
    return [
        Hostile("smuggling: " + name, _with(header, hidden), ANY_REFUSAL, answers_max=1)
        for name, header in both
    ]

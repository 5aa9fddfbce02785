"""Tokenizer of .proto texts: words, numbers, strings and symbols, with where they stand.

Always true: what protoc's tokenizer refuses is refused here (control characters, letters beyond
ASCII outside strings and comments, numbers run into words, strings over the end of a line,
comments within comments), in one pass, in linear time.
Source: protobuf.dev, "Protocol Buffers Language Specification", lexical elements.
"""

import re
from bisect import bisect_right
from enum import IntEnum
from typing import NamedTuple

from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.limits import TOKENS_MAX, bound


class TokenKind(IntEnum):
    """What a token is."""

    WORD = 1
    INTEGER = 2
    FLOAT = 3
    STRING = 4
    """As written, with its quotes."""

    SYMBOL = 5
    END = 6


class Token(NamedTuple):
    """One token."""

    kind: TokenKind
    text: str
    position: int


_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n\v\f]++|//[^\n]*+)
      | (?P<WORD>[A-Za-z_][A-Za-z0-9_]*+)
      | (?P<SYMBOL>[{}\[\]()<>;:,=+\-]|\.(?![0-9])|/(?![/*]))
      | (?P<NUMBER>0[xX][0-9A-Za-z_]*+|\.?[0-9](?:[eE][+-]|[0-9A-Za-z_.])*+)
      | (?P<STRING>"(?:[^"\\\n\0]|\\[^\n\0])*+"|'(?:[^'\\\n\0]|\\[^\n\0])*+')
      | (?P<comment>/\*(?:[^*/]|\*(?!/)|/(?!\*))*+\*/)
    """,
    re.VERBOSE,
)
_INTEGER = re.compile(r"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*")
_FLOAT = re.compile(r"(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?")
_ESCAPE = re.compile(
    r"\\(?:(?P<short>[abfnrtv\\?'\"])|(?P<octal>[0-7]{1,3})|[xX](?P<hex>[0-9a-fA-F]{1,2})"
    r"|u(?P<pair>[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|u(?P<u4>[0-9a-fA-F]{4})|U(?P<u8>[0-9a-fA-F]{8})|(?P<bad>.))"
)
_SHORT_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "?": "?", "'": "'", '"': '"',
}  # fmt: skip
_DIGITS_MAX = 400
"""Digits of an integer that are read; one of more digits is out of every range anyway."""

_BYTE_ORDER_MARK = "\ufeff"


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text, the last one its end.

    Raises:
        InvalidSchema: Something in it is no token; says where.
    """
    tokens: list[Token] = []
    position = 1 if text.startswith(_BYTE_ORDER_MARK) else 0
    match = _TOKEN.match
    kinds = TokenKind.__members__
    while found := match(text, position):
        kind = found.lastgroup
        assert kind is not None
        if kind == "NUMBER":
            tokens.append(_number(text, found.group(), position))
        elif kind in kinds:
            tokens.append(Token(kinds[kind], found.group(), position))
        position = found.end()
        if len(tokens) > TOKENS_MAX:
            bound("tokens", len(tokens), TOKENS_MAX)
    if position != len(text):
        raise InvalidSchema(place(text, position), _what_is_wrong(text, position))
    tokens.append(Token(TokenKind.END, "", position))
    return tokens


def _number(text: str, number: str, position: int) -> Token:
    if _INTEGER.fullmatch(number):
        return Token(TokenKind.INTEGER, number, position)
    if _FLOAT.fullmatch(number):
        return Token(TokenKind.FLOAT, number, position)
    raise InvalidSchema(place(text, position), f"{number[:40]!r} is no number")


def _what_is_wrong(text: str, position: int) -> str:
    start = text[position]
    if start in "\"'":
        return "a string that does not end on its line"
    if text.startswith("/*", position):
        return "a comment that does not end, or has another one inside"
    return f"{start!r} has no meaning here"


def place(text: str, position: int) -> str:
    """Return ``line:column`` of a position, both counted from 1."""
    line = text.count("\n", 0, position)
    return f"{line + 1}:{position - text.rfind(chr(10), 0, position)}"


class Places:
    """Lines and columns of many positions in one text."""

    def __init__(self, text: str) -> None:
        """Note where the lines begin."""
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def of(self, position: int) -> str:
        """Return ``line:column`` of a position, both counted from 1."""
        line = bisect_right(self._starts, position)
        return f"{line}:{position - self._starts[line - 1] + 1}"


def unquote(literal: str) -> bytes:
    """Return what a string token means.

    Args:
        literal: With its quotes.

    Raises:
        ValueError: One of its escapes has no meaning.
    """
    inner = literal[1:-1]
    if "\\" not in inner:
        return inner.encode()
    parts: list[bytes] = []
    end = 0
    for found in _ESCAPE.finditer(inner):
        parts.append(inner[end : found.start()].encode())
        parts.append(_unescape(found))
        end = found.end()
    parts.append(inner[end:].encode())
    return b"".join(parts)


def _unescape(found: re.Match[str]) -> bytes:
    kind = found.lastgroup
    assert kind is not None
    digits = found.group(kind)
    if kind == "short":
        return _SHORT_ESCAPES[digits].encode()
    if kind == "octal":
        return bytes([int(digits, 8) & 0xFF])
    if kind == "hex":
        return bytes([int(digits, 16)])
    if kind == "pair":
        high, low = int(digits[:4], 16) - 0xD800, int(digits[6:], 16) - 0xDC00
        return chr(0x10000 + (high << 10 | low)).encode()
    if kind == "bad":
        raise ValueError(f"the escape {found.group()!r} has no meaning")
    return _utf8(int(digits, 16), found.group())


def _utf8(code: int, written: str) -> bytes:
    """Return a code as UTF-8 writes it, those beyond Unicode too, as far as four bytes go."""
    if code <= 0x10FFFF:
        return chr(code).encode(errors="surrogatepass")
    if code > 0x1FFFFF:
        raise ValueError(f"the escape {written!r} has no meaning")
    rest = (0x80 | code >> shift & 0x3F for shift in (12, 6, 0))
    return bytes([0xF0 | code >> 18, *rest])


def integer(text: str) -> int:
    """Return the number that an integer token means."""
    if text[:2] in ("0x", "0X"):
        return int(text, 16)
    if text.startswith("0"):
        return int(text, 8)
    return int(text) if len(text) <= _DIGITS_MAX else 10**_DIGITS_MAX

r"""Format strings, in the style of kcat's: ``%t [%p] at %o: key %k: %s\n``.

    %s value  %S its size    %k key  %K its size    %h headers as name=value,...
    %t topic  %p partition   %o offset              %T timestamp in ms       %% a per cent sign

``\t \n \r \0 \\`` and ``\xHH`` are escapes. The size of a null is -1. %R and %r are the sizes of
value and key as four bytes, the highest first, for programs that read records of any bytes.

Invariants:
    Bytes of records are written as they are.
Pure: no I/O.
Source: kcat(1), option -f.
"""

import re
from collections.abc import Callable, Sequence

from cauce.cli.options import unescape
from cauce.client.streaming.records import Headers, Record

_TOKEN = re.compile(r"%(.?)", re.DOTALL)
NULL_SIZE = -1


class RecordFormat:
    """Writes records as a format string says."""

    def __init__(self, text: str, *, null: bytes = b"") -> None:
        r"""Read a format string.

        Args:
            text: The string, escapes and all.
            null: What a null key or value is written as.

        Raises:
            ValueError: It has an escape or a token that means nothing, or is empty.
        """
        if not text:
            raise ValueError("a format must not be empty")
        self._null = null
        self._fields: list[Callable[[Record], bytes]] = []
        literals = [b""]
        at = 0
        for match in _TOKEN.finditer(text):
            literals[-1] += unescape(text[at : match.start()])
            at = match.end()
            name = match.group(1)
            if name == "%":
                literals[-1] += b"%"
                continue
            self._fields.append(self._field(name))
            literals.append(b"")
        literals[-1] += unescape(text[at:])
        self._template = b"%b".join(literal.replace(b"%", b"%%") for literal in literals)

    def write(self, record: Record) -> bytes:
        """Return what is written for a record."""
        return self._template % tuple([field(record) for field in self._fields])

    def _field(self, name: str) -> Callable[[Record], bytes]:
        null = self._null
        fields: dict[str, Callable[[Record], bytes]] = {
            "s": lambda one: null if one.value is None else one.value,
            "S": lambda one: b"%d" % _size(one.value),
            "R": lambda one: _size(one.value).to_bytes(4, "big", signed=True),
            "k": lambda one: null if one.key is None else one.key,
            "K": lambda one: b"%d" % _size(one.key),
            "r": lambda one: _size(one.key).to_bytes(4, "big", signed=True),
            "h": lambda one: _headers(one.headers, null),
            "t": lambda one: one.topic.encode(),
            "p": lambda one: b"%d" % one.partition,
            "o": lambda one: b"%d" % one.offset,
            "T": lambda one: b"%d" % one.timestamp,
        }
        if name not in fields:
            known = " ".join(f"%{one}" for one in fields)
            raise ValueError(f"%{name} means nothing in a format; there are {known} and %%")
        return fields[name]


def _size(data: bytes | None) -> int:
    return NULL_SIZE if data is None else len(data)


def _headers(headers: Headers, null: bytes) -> bytes:
    parts: Sequence[bytes] = [
        b"%b=%b" % (name.encode(), null if value is None else value) for name, value in headers
    ]
    return b",".join(parts)

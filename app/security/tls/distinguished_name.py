"""The distinguished names of a certificate, as Java writes them.

Kafka's rules and access control lists are about the text that ``X500Principal.getName`` gives, so
that text it is, to the letter: RFC 2253, the last part first. Attributes that RFC 2253 has no word
for stand there by number, with the hexadecimal bytes of their value.

Pure. The certificate was verified by TLS; what is no certificate is refused all the same.
Source: RFC 2253, 2; RFC 5280, 4.1 (fields of a certificate); X.690 (DER).
"""

from collections.abc import Iterator

NAME_BYTES_MAX = 4096
"""Of a subject; longer ones are refused."""

_SEQUENCE, _OBJECT, _INTEGER, _VERSION = 0x30, 0x06, 0x02, 0xA0
_SERIAL, _ISSUER, _SUBJECT = 0, 2, 4

_WORDS = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
}

_TEXTS = frozenset({0x0C, 0x13, 0x14, 0x16, 0x1B, 0x1C, 0x1E})
"""Kinds of text: UTF-8, printable, T.61, IA5, general, universal, BMP. Java reads all as UTF-8."""

_ESCAPED = frozenset(',=+<>#;"\\')


class NoName(Exception):
    """These bytes are no certificate, or its subject is no name."""


def distinguished_name(certificate: bytes) -> str:
    """Return the subject of a certificate, in DER.

    Raises:
        NoName: It is none, or its name is too long.
    """
    try:
        return name_text(_fields(certificate)[_SUBJECT])
    except IndexError as error:
        raise NoName("this is no certificate") from error


def issuer_and_serial(certificate: bytes) -> tuple[str, int]:
    """Return who issued a certificate, in DER, and its number there.

    Raises:
        NoName: It is none, or its issuer's name is too long.
    """
    try:
        fields = _fields(certificate)
        tag, serial, _ = next(_read(fields[_SERIAL]))
        if tag != _INTEGER:
            raise NoName("the serial number is none")
        return name_text(fields[_ISSUER]), int.from_bytes(serial, signed=True)
    except (IndexError, StopIteration, ValueError) as error:
        raise NoName("this is no certificate") from error


def name_text(name: bytes) -> str:
    """Return a name, in DER, as Java writes it.

    Raises:
        NoName: It is none, or too long.
    """
    try:
        tag, content, _ = next(_read(name))
        if tag != _SEQUENCE:
            raise NoName("this is no name")
        if len(content) > NAME_BYTES_MAX:
            raise NoName(f"the name has more than {NAME_BYTES_MAX} bytes")
        parts = ["+".join(map(_attribute, _items(relative))) for _, relative, _ in _read(content)]
    except (IndexError, StopIteration, ValueError) as error:
        raise NoName("this is no name") from error
    return ",".join(reversed(parts))


def _fields(certificate: bytes) -> list[bytes]:
    """Return the fields of a certificate, each whole: serial number, algorithm, issuer, ...

    Raises:
        NoName: It is none.
    """
    try:
        whole = next(_read(certificate))[1]
        fields = list(_read(next(_read(whole))[1]))
    except (IndexError, StopIteration, ValueError) as error:
        raise NoName("this is no certificate") from error
    return [field for tag, _, field in fields if tag != _VERSION]


def _items(relative: bytes) -> Iterator[bytes]:
    return (value for _, value, _ in _read(relative))


def _attribute(attribute: bytes) -> str:
    (kind, number, _), (tag, value, whole) = _read(attribute)
    if kind != _OBJECT:
        raise ValueError("no attribute")
    dotted = _dotted(number)
    word = _WORDS.get(dotted)
    if word is None or tag not in _TEXTS:
        return f"{word or dotted}=#{whole.hex()}"
    return f"{word}={_escaped(value.decode(errors='replace'))}"


def _escaped(text: str) -> str:
    inner = text.strip(" \r")
    if not inner:
        return "".join("\\" + one for one in text)
    lead = len(text) - len(text.lstrip(" \r"))
    trail = text[lead + len(inner) :]
    written = "".join(
        "\\" + one if one in _ESCAPED else "\\00" if one == "\0" else one for one in inner
    )
    around = ["".join("\\" + one for one in end) for end in (text[:lead], trail)]
    return around[0] + written + around[1]


def _dotted(number: bytes) -> str:
    arcs: list[int] = []
    arc = 0
    for byte in number:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - first * 40, *arcs[1:])))


def _read(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield what stands in DER, one after the other: tag, value, and the whole of it.

    Raises:
        IndexError, ValueError: It is no DER.
    """
    start = 0
    while start < len(data):
        tag, size, position = data[start], data[start + 1], start + 2
        if size & 0x80:
            count = size & 0x7F
            if not 1 <= count <= 4 or tag & 0x1F == 0x1F:
                raise ValueError("no DER")
            size = int.from_bytes(data[position : position + count])
            position += count
        end = position + size
        if end > len(data):
            raise ValueError("it ends early")
        yield tag, data[position:end], data[start:end]
        start = end

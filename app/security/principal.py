"""Who is asking.

Kafka writes a principal as ``User:alice``; one that did not authenticate is ``User:ANONYMOUS``.
Source: Kafka docs, security, "Authorization and ACLs".
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated (or anonymous) party."""

    name: str
    kind: str = "User"
    host: str = field(default="", compare=False)
    """Address that it comes from, without the port; not who it is, so not compared."""

    scopes: frozenset[str] | None = field(default=None, compare=False)
    """What its credential is narrowed to; None for all that the user may."""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


ANONYMOUS = Principal("ANONYMOUS")

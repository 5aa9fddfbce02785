r"""Principal mapping: from a certificate's distinguished name to a user's name.

Rules stand by commas; the first that fits decides. ``DEFAULT`` gives the whole distinguished name.
``RULE:pattern/replacement/`` fits a name that the pattern matches as a whole, and gives it with
what the pattern finds replaced (``$1`` for a group); ``L`` or ``U`` behind it makes it lower or
upper case. A slash within a part is written ``\/``.

Pure. Patterns are Python's regular expressions, which agree with Java's in what such rules use;
they are the operator's, names are as long as ``distinguished_name`` lets them be.
Source: Kafka docs, security, ``ssl.principal.mapping.rules``; KIP-371; ``SslPrincipalMapper``.
"""

import re
from functools import lru_cache

from app.security.tls.errors import TlsError

DEFAULT = "DEFAULT"

_RULE = re.compile(
    r"\s*(?:(?P<default>DEFAULT)"
    r"|RULE:(?P<pattern>(?:\\.|[^\\/])*)/(?P<replacement>(?:\\.|[^\\/])*)/(?P<case>[LU]?))\s*(?:,|$)"
)
_REPLACED = re.compile(r"\\(.)|\$(\d+)|\$|([^\\$]+)", re.DOTALL)


class BadRule(TlsError):
    """A rule cannot be read."""


class NoMatchingRule(Exception):
    """No rule fits a name."""


class PrincipalMapping:
    """The rules of a node."""

    def __init__(self, rules: str = DEFAULT) -> None:
        """Read them.

        Args:
            rules: In Kafka's notation.

        Raises:
            BadRule: Says which, and what is wrong.
        """
        self._rules = _parse(rules)
        self.name = lru_cache(4096)(self._name)
        """Returns the user's name for a distinguished name; raises NoMatchingRule."""

    def _name(self, distinguished_name: str) -> str:
        for rule in self._rules:
            if rule is None:
                return distinguished_name
            name = rule.apply(distinguished_name)
            if name is not None:
                return name
        raise NoMatchingRule("no rule fits the name of the certificate")


class _Rule:
    def __init__(self, pattern: str, replacement: str, case: str) -> None:
        try:
            self._pattern = re.compile(pattern)
        except re.error as error:
            raise BadRule(f"{pattern!r} is no pattern: {error}") from error
        self._parts = _parts(replacement, self._pattern.groups)
        self._case = case

    def apply(self, text: str) -> str | None:
        if self._pattern.fullmatch(text) is None:
            return None
        name = self._pattern.sub(self._replace, text)
        return {"L": name.lower(), "U": name.upper()}.get(self._case, name)

    def _replace(self, found: re.Match[str]) -> str:
        return "".join(part if isinstance(part, str) else found[part] or "" for part in self._parts)


def _parse(text: str) -> list[_Rule | None]:
    """Return the rules; None is the default one."""
    rules: list[_Rule | None] = []
    position = 0
    while position < len(text.rstrip()):
        found = _RULE.match(text, position)
        if found is None:
            raise BadRule(f"there is no rule at {text[position:]!r}")
        position = found.end()
        if found["default"]:
            rules.append(None)
        else:
            rules.append(_Rule(found["pattern"], found["replacement"], found["case"]))
    if not rules:
        raise BadRule("there is no rule")
    return rules


def _parts(replacement: str, groups: int) -> list[str | int]:
    """Return what a replacement is made of: texts, and numbers of groups."""
    parts: list[str | int] = []
    for found in _REPLACED.finditer(replacement):
        escaped, number, text = found.groups()
        if number is None:
            parts.append(escaped or text or "$")
            continue
        # as many digits as name a group; a dollar that names none is itself
        taken = next((n for n in range(len(number), 0, -1) if int(number[:n]) <= groups), 0)
        if taken:
            parts += [int(number[:taken]), number[taken:]]
        else:
            parts.append("$" + number)
    return parts

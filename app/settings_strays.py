"""Variables that are named as settings are, and are none: a setting that was misspelled is told.

Called by: main. Calls: nothing.
"""

import os
import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

PREFIX = "CAUCE_"

OF_CLIENTS = frozenset(
    f"CAUCE_{name}"
    for name in (
        *("URL", "USER", "PASSWORD_FILE", "API_KEY", "API_KEY_FILE"),
        *("CA_FILE", "CERT_FILE", "KEY_FILE"),
    )
)
"""Variables that the command and the Python client read."""

_OF_KUBERNETES = re.compile("CAUCE_(SERVICE|PORT)(_|$)")
"""Variables that containers are given where a service is called cauce."""


def stray_variables(
    names: Collection[str], environment: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Return what to tell of variables that are named as settings are, and are none.

    They stop nobody: the environment is also other programs'.

    Args:
        names: Of the settings.
        environment: The process's if None.
    """
    environment = os.environ if environment is None else environment
    known = {PREFIX + name.upper() for name in names}
    ours = known | OF_CLIENTS | {"CAUCE_CONFIG_FILE"}
    found = []
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name in ours or _OF_KUBERNETES.match(name):
            continue
        near = get_close_matches(name, known, n=1, cutoff=0.8)
        hint = f"; is {near[0]} meant?" if near else ""
        found.append(f"the variable {name} is no setting and has no effect{hint}")
    return tuple(found)

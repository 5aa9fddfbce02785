"""Shapes of SCRAM credentials: what is seen of one before anything is proved, beside its salt.

A pretence for a user that is not there has one of those that users have, or it would be known by
that.
Called by: image, logins.scram_keys. Pure.
"""

from collections import Counter
from collections.abc import Iterable

from app.cluster.security_records import ScramRecord

Shape = tuple[int, int]
"""Iterations, and bytes of salt."""

SHAPE: Shape = (8192, 16)
"""Of those that are made here; clients that send their own choose others (KIP-554)."""

SHAPES_MAX = 16


def shapes_of(records: Iterable[ScramRecord]) -> tuple[Shape, ...]:
    """Return the shapes that most credentials have, ours among them."""
    found = Counter((one.iterations, len(one.salt)) for one in records)
    return tuple(sorted({SHAPE, *(shape for shape, _ in found.most_common(SHAPES_MAX))}))

"""The records of ``__cauce_sessions``: one for each durable session, as JSON that people can read.

The key is ``["session", <group>, <name>]``; the value holds a version and all that is kept. A null
value says that the session is gone.
Pure. Called by: store.
"""

import msgspec

from app.consumers.errors import SessionError
from app.consumers.keeping.state import Remembered, SessionState
from app.consumers.model import SessionSettings, Subscription, TopicPartition
from app.coordinators.encoding import MalformedRecord
from app.security.principal import Principal

KIND = "session"
VERSION = 1

SessionKey = tuple[str, str]
"""Group and name."""


class _Value(msgspec.Struct, kw_only=True):
    version: int
    principal: Principal
    settings: SessionSettings
    subscription: Subscription | None
    assigned: tuple[TopicPartition, ...] | None
    remembered: tuple[Remembered, ...]
    epoch: int


class _Version(msgspec.Struct):
    version: int


def key_of(settings: SessionSettings) -> SessionKey | None:
    """Return by what a session is found, or None if it is not."""
    if settings.group is None or not settings.name:
        return None
    return settings.group, settings.name


def encode_key(key: SessionKey) -> bytes:
    """Return a session's key."""
    return msgspec.json.encode((KIND, *key))


def encode_state(state: SessionState) -> bytes:
    """Return a session's value."""
    return msgspec.json.encode(
        _Value(
            version=VERSION,
            principal=state.principal,
            settings=state.settings,
            subscription=state.subscription,
            assigned=state.assigned,
            remembered=tuple(state.remembered.values()),
            epoch=state.epoch,
        )
    )


def decode_key(data: bytes) -> SessionKey:
    """Return which session a key means.

    Raises:
        MalformedRecord: It is no key of a session.
    """
    try:
        kind, group, name = msgspec.json.decode(data, type=tuple[str, str, str])
    except msgspec.MsgspecError as error:
        raise MalformedRecord(f"not a session's key: {error}") from None
    if kind != KIND:
        raise MalformedRecord(f"a key of kind {kind!r} is not known")
    return group, name


def decode_state(data: bytes) -> SessionState:
    """Return what a value says.

    Raises:
        MalformedRecord: It is of a later version, or not what its version says.
    """
    try:
        version = msgspec.json.decode(data, type=_Version).version
        if version != VERSION:
            raise MalformedRecord(f"a session of version {version} is not known")
        value = msgspec.json.decode(data, type=_Value)
    except (msgspec.MsgspecError, SessionError) as error:
        raise MalformedRecord(f"not a session: {error}") from None
    return SessionState(
        settings=value.settings,
        principal=value.principal,
        subscription=value.subscription,
        assigned=value.assigned,
        remembered={one.position.topic_partition: one for one in value.remembered},
        epoch=value.epoch,
    )

"""What is wrong with the bytes of a client."""


class WireError(Exception):
    """A client does not speak the protocol; as in Kafka its connection is closed."""


class MalformedMessage(WireError):
    """Bytes that are no message of this kind and version, or one with too many elements."""


class UnservedRequest(WireError):
    """An API, or a version of one, that is not served; ApiVersions told which are."""


class LoginRefused(WireError):
    """A request that is not due before its client has logged in."""


class FrameRefused(WireError):
    """A frame of a size that no request has, or that takes too long to come."""

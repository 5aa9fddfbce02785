"""What is wrong with the bytes of a client."""


class MalformedMessage(Exception):
    """Bytes that are no message of this kind and version, or one with too many elements."""

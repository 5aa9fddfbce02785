"""CRC-32C (Castagnoli), the checksum of a record batch.

Computed by ``fastcrc`` (docs/adr/0002-batch-codec-and-crc.md).
"""

from fastcrc import crc32


def crc32c(data: bytes | bytearray | memoryview) -> int:
    """Return the CRC-32C of some bytes, unsigned."""
    return crc32.iscsi(data)

"""What a leader checks before it appends a client's batches.

Only headers are looked at, and the checksum: nothing runs once per record, but where a topic is
compacted (its records need keys), compresses in a way of its own, or refuses what is too old: the
oldest of a batch's records may be any of them, while its header names the first and the newest.
Source: Kafka's ``LogValidator`` and ``UnifiedLog.analyzeAndValidateRecords``.
"""

from collections.abc import Sequence
from enum import Enum

from storage.config import LOG_APPEND_TIME, LONG_MAX, PRODUCER, UNCOMPRESSED, LogConfig
from storage.errors import (
    BatchTooLarge,
    CorruptBatch,
    InvalidBatch,
    InvalidTimestamp,
    InvalidTransaction,
)
from storage.format.batch import (
    COMPRESSION_MASK,
    CONTROL_BIT,
    DELETE_HORIZON_BIT,
    NO_PRODUCER_ID,
    NO_TIMESTAMP,
    TRANSACTIONAL_BIT,
    BatchHeader,
    Buffer,
    Compression,
    MutableBuffer,
    checked_header,
    parse_header,
)
from storage.format.builder import recompressed
from storage.format.decoder import decode_columns


class Origin(Enum):
    """Who gives batches to a leader."""

    CLIENT = "client"
    """A producer: data only, in a transaction only when the coordinator knows of it."""

    VERIFIED = "verified"
    """A producer whose open transaction the coordinator has confirmed (KIP-890)."""

    COORDINATOR = "coordinator"
    """The broker itself: markers too."""


def validate_for_append(
    batches: Buffer, config: LogConfig, now_ms: int, origin: Origin = Origin.CLIENT
) -> list[tuple[int, BatchHeader]]:
    """Check batches from a client.

    Args:
        batches: One or more, back to back.
        config: The topic's.
        now_ms: The node's wall clock.
        origin: Who gives them.

    Returns:
        Position and header of each batch.

    Raises:
        CorruptBatch: Not whole, undamaged batches.
        BatchTooLarge: One is larger than ``max.message.bytes``.
        InvalidBatch: A client may not append such a batch.
        InvalidTimestamp: Too far from now.
        InvalidTransaction: In a transaction that the coordinator has not confirmed.
    """
    found = []
    position = 0
    while position < len(batches):
        header = checked_header(batches, position)
        _check(header, config, now_ms, origin)
        if header.record_count > 1 and _refuses_old(header, config):
            _check_each_timestamp(decode_columns(batches, position).timestamps_ms, config, now_ms)
        found.append((position, header))
        position += header.size
    if not found:
        raise InvalidBatch("there is no batch to append")
    if len(found) > 1 and any(header.producer_id != NO_PRODUCER_ID for _, header in found):
        raise InvalidBatch("batches of an idempotent producer are appended one by one")
    return found


def prepare_for_append(
    batches: MutableBuffer, found: list[tuple[int, BatchHeader]], config: LogConfig
) -> tuple[MutableBuffer, list[tuple[int, BatchHeader]]]:
    """Look into validated batches where the topic asks for it, compress them as it says.

    Args:
        batches: What ``validate_for_append`` has checked.
        found: What it returned.
        config: The topic's.

    Returns:
        The batches to append, the same where nothing is to be done, with their headers.

    Raises:
        CorruptBatch: Records do not open or decode.
        InvalidBatch: A record without a key, in a compacted topic.
        BatchTooLarge: Larger than ``max.message.bytes`` as the topic compresses it.
    """
    if config.is_compacted:
        for position, header in found:
            if not header.is_control and None in decode_columns(batches, position).keys:
                raise InvalidBatch("a record without a key cannot go to a compacted topic")
    if config.compression_type == PRODUCER:
        return batches, found
    codec, level = _compression(config)
    if all(header.compression is codec or header.is_control for _, header in found):
        return batches, found
    packed = bytearray()
    headers = []
    for position, header in found:
        if header.is_control:
            one = batches[position : position + header.size]
        else:
            one = recompressed(batches, position, codec, level)
        changed = parse_header(one)
        if changed.size > config.max_message_bytes:
            raise BatchTooLarge(changed.size, config.max_message_bytes)
        headers.append((len(packed), changed))
        packed += one
    return packed, headers


def _compression(config: LogConfig) -> tuple[Compression, int | None]:
    if config.compression_type == UNCOMPRESSED:
        return Compression.NONE, None
    codec = Compression[config.compression_type.upper()]
    levels = {
        Compression.GZIP: config.compression_gzip_level,
        Compression.LZ4: config.compression_lz4_level,
        Compression.ZSTD: config.compression_zstd_level,
    }
    return codec, levels.get(codec)


def _check(header: BatchHeader, config: LogConfig, now_ms: int, origin: Origin) -> None:
    if header.size > config.max_message_bytes:
        raise BatchTooLarge(header.size, config.max_message_bytes)
    if header.record_count != header.last_offset_delta + 1 or not header.record_count:
        raise InvalidBatch(
            f"{header.record_count} records cannot end at offset delta {header.last_offset_delta}"
        )
    if header.attributes & _NOT_PLAIN:
        _check_attributes(header, origin)
    _check_producer(header)
    if config.message_timestamp_type != LOG_APPEND_TIME:
        _check_timestamps(header, config, now_ms)


_NOT_PLAIN = COMPRESSION_MASK | TRANSACTIONAL_BIT | CONTROL_BIT | DELETE_HORIZON_BIT
"""Bits of which a plain batch, as most are, has none."""


def _check_attributes(header: BatchHeader, origin: Origin) -> None:
    if header.is_control and origin is not Origin.COORDINATOR:
        raise InvalidBatch("clients may not append control batches")
    if header.is_transactional and origin is Origin.CLIENT:
        raise InvalidTransaction("the transaction coordinator knows of no such transaction")
    if header.has_delete_horizon:
        raise InvalidBatch("clients may not set a delete horizon")
    if header.compression < 0:
        raise CorruptBatch("unknown compression")


def _check_producer(header: BatchHeader) -> None:
    if header.producer_id == NO_PRODUCER_ID:
        if header.is_transactional:
            raise InvalidBatch("a transactional batch names no producer")
    elif header.producer_id < 0 or header.producer_epoch < 0:
        raise InvalidBatch(
            f"no producer has the id {header.producer_id} and epoch {header.producer_epoch}"
        )
    elif header.base_sequence < 0 and not header.is_control:
        raise InvalidBatch(f"a producer's batch has the sequence {header.base_sequence}")


def _check_timestamps(header: BatchHeader, config: LogConfig, now_ms: int) -> None:
    latest = header.max_timestamp_ms
    earliest = header.base_timestamp_ms
    if latest == earliest == NO_TIMESTAMP:
        return
    if latest < 0 or earliest < 0:
        raise InvalidTimestamp(f"timestamp {min(latest, earliest)} is before 1970")
    _check_span(earliest, latest, config, now_ms)


def _refuses_old(header: BatchHeader, config: LogConfig) -> bool:
    return (
        config.message_timestamp_before_max_ms != LONG_MAX
        and config.message_timestamp_type != LOG_APPEND_TIME
        and not header.is_control
    )


def _check_each_timestamp(timestamps_ms: Sequence[int], config: LogConfig, now_ms: int) -> None:
    given = [one for one in timestamps_ms if one != NO_TIMESTAMP]
    if given:
        _check_span(min(given), max(given), config, now_ms)


def _check_span(earliest: int, latest: int, config: LogConfig, now_ms: int) -> None:
    if latest - now_ms > config.message_timestamp_after_max_ms:
        raise InvalidTimestamp(
            f"timestamp {latest} is more than message.timestamp.after.max.ms="
            f"{config.message_timestamp_after_max_ms} after now ({now_ms})"
        )
    if now_ms - earliest > config.message_timestamp_before_max_ms:
        raise InvalidTimestamp(
            f"timestamp {earliest} is more than message.timestamp.before.max.ms="
            f"{config.message_timestamp_before_max_ms} before now ({now_ms})"
        )

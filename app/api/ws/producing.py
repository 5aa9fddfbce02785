"""Producing: from a produce frame to what was appended, and to the words of its receipt.

Invariants:
    The appends of a frame are done, in the order of the frames, before anything else is awaited
    than the schemas that its values name.
    A frame of an idempotent producer is one batch: sent again, it is answered with the offsets that
    it has; it is taken or refused as a whole.
    A receipt says of every record what became of it, in three ways: where it is, surely not
    appended, or unknown.
Called by: connection. Calls: broker.produce, broker.append_batches.
"""

import asyncio
from collections.abc import Sequence

from app.api.errors import ApiError, status_and_code
from app.api.records.encoding import Target, settle
from app.api.records.parsing import Refused, parse_array
from app.api.ws.client_frames import BinaryProduce, Produce, ProducerIn
from app.api.ws.codec import BadFrame, Kind
from app.api.ws.columns import BadColumns, decode_columns
from app.api.ws.limits import RECORDS_OF_A_PRODUCE_MAX
from app.api.ws.server_frames import Run
from app.broker.append_batches import BatchToAppend, append_batches
from app.broker.context import BrokerContext
from app.broker.errors import BrokerError
from app.broker.produce import ACKS_ALL, ACKS_LEADER, ACKS_NONE, Outcome, RecordToProduce, produce
from app.broker.producers import new_producer
from app.broker.security.registry_access import RegistryAccess
from app.security.acls import Operation
from app.security.principal import Principal
from app.security.quota_windows.limits import QuotaType
from storage.errors import CorruptBatch, InvalidBatch
from storage.format.batch import parse_header
from storage.format.builder import build_batch

ACKS = {"all": ACKS_ALL, "leader": ACKS_LEADER, "none": ACKS_NONE}
TIMEOUT_MS = 30_000
"""How long a produce waits to be durable before its outcome is called unknown."""


class Producer:
    """Appends for one socket."""

    def __init__(self, context: BrokerContext, principal: Principal) -> None:
        """Append in someone's name."""
        self._context = context
        self._principal = principal
        self._turn = asyncio.Lock()
        """Of the frame whose schemas are looked for: those behind it wait, in their order."""

    async def init(self) -> tuple[int, int]:
        """Return id and epoch of a new idempotent producer.

        Raises:
            BrokerError: Why not.
        """
        return await new_producer(self._context, self._principal)

    async def produce_json(self, frame: Produce) -> list[Run]:
        """Append the records of a text frame."""
        read = parse_array(bytes(frame.records), self._context.clock.now_ms())
        if isinstance(read, Refused):
            return [_refusal(1, read.error_code, read.message)]
        if not 0 < len(read) <= RECORDS_OF_A_PRODUCE_MAX:
            why = f"a produce has 1 to {RECORDS_OF_A_PRODUCE_MAX} records, not {len(read)}"
            return [_refusal(max(1, len(read)), 40002, why)]
        try:  # before its configs and schemas are looked at
            self._context.require_topic(self._principal, Operation.WRITE, frame.topic)
        except BrokerError as error:
            return [failure(error, len(read))]
        async with self._turn:
            parsed = await settle(self._target(frame.topic), read)
        refused = {at: one for at, one in enumerate(parsed) if isinstance(one, Refused)}
        records = [one[0] for one in parsed if not isinstance(one, Refused)]
        if frame.partition is not None:
            records = [
                (record, frame.partition if chosen is None else chosen)
                for record, chosen in records
            ]
        if frame.producer is not None:
            if refused:
                code, message = next(iter(refused.values()))
                return [Run(count=len(parsed), error_code=code, message=message)]
            return await self._append_once(frame, records, frame.producer)
        outcomes: list[Outcome | Refused] = []
        if records:
            outcomes = list(await self._produce(frame.topic, records, frame.acks))
        for at, one in refused.items():
            outcomes.insert(at, one)
        return runs(outcomes)

    async def produce_binary(
        self, kind: Kind, header: BinaryProduce, data: memoryview
    ) -> list[Run]:
        """Append the records of a binary frame."""
        if kind is Kind.PRODUCE_BATCH:
            return await self._append_batch(header, data)
        now_ms = self._context.clock.now_ms()
        try:
            found = decode_columns(
                data,
                header.count,
                now_ms,
                timestamps="timestamps" in header.columns,
                headers="headers" in header.columns,
            )
        except BadColumns as error:
            return [_refusal(header.count, 400, f"Bad Request: {error}")]
        records = [(record, header.partition) for record in found]
        async with self._turn:
            pass
        if header.producer is not None:
            return await self._append_once(header, records, header.producer)
        return runs(list(await self._produce(header.topic, records, header.acks)))

    def _target(self, topic: str) -> Target:
        found = self._context.image.topics.get(topic)
        return Target(
            self._context.serdes,
            topic,
            found.configs if found is not None else {},
            RegistryAccess(self._context, self._principal),
        )

    async def _produce(
        self, topic: str, records: Sequence[RecordToProduce], acks: str
    ) -> Sequence[Outcome]:
        await self._context.wait_out(self._principal, QuotaType.PRODUCE)
        try:
            return await produce(self._context, self._principal, topic, records, acks=ACKS[acks])
        except BrokerError as error:
            return [error] * len(records)

    async def _append_once(
        self, frame: Produce | BinaryProduce, records: Sequence[RecordToProduce], who: ProducerIn
    ) -> list[Run]:
        """Append records of an idempotent producer, as one batch."""
        count = len(records)
        partitions = {partition for _, partition in records}
        if len(partitions) != 1 or None in partitions:
            return [
                _refusal(count, 40002, "records of a producer name one partition, all the same")
            ]
        try:
            batch = build_batch(
                [record for record, _ in records],
                producer_id=who.producer_id,
                producer_epoch=who.epoch,
                base_sequence=who.sequence,
            )
        except InvalidBatch as error:
            return [_refusal(count, 40002, str(error))]
        (partition,) = partitions
        assert partition is not None, "just checked"
        return await self._append(frame.topic, partition, batch, count, frame.acks)

    async def _append_batch(self, header: BinaryProduce, data: memoryview) -> list[Run]:
        """Append a batch that the client has built."""
        if header.partition is None or header.producer is not None:
            return [_refusal(1, 40002, "a batch names its partition, and its producer inside")]
        try:
            count = parse_header(data).record_count
        except CorruptBatch as error:
            return [_refusal(1, 40002, f"not a record batch: {error}")]
        batch = bytearray(data)
        async with self._turn:
            pass
        return await self._append(header.topic, header.partition, batch, count, header.acks)

    async def _append(
        self, topic: str, partition: int, batch: bytearray, count: int, acks: str
    ) -> list[Run]:
        await self._context.wait_out(self._principal, QuotaType.PRODUCE)
        appended = append_batches(
            self._context,
            self._principal,
            [BatchToAppend(topic, partition, batch)],
            acks=ACKS[acks],
            timeout_ms=TIMEOUT_MS,
        )
        outcome = (appended if isinstance(appended, list) else await appended)[0]
        if outcome.error is not None:
            return [failure(outcome.error, count)]
        return [Run(count=count, partition=partition, base_offset=outcome.base_offset)]


def runs(outcomes: Sequence[Outcome | Refused]) -> list[Run]:
    """Return outcomes in their order, those that follow each other as one."""
    if set(map(type, outcomes)) == {tuple}:
        partitions, offsets, _ = zip(*outcomes, strict=True)
        if partitions.count(partitions[0]) == len(partitions):
            # Appended at once, so the offsets follow each other.
            return [Run(count=len(offsets), partition=partitions[0], base_offset=offsets[0])]
    found: list[Run] = []
    for one in outcomes:
        run = _run(one)
        if found and _follows(found[-1], run):
            before = found.pop()
            run = Run(
                count=before.count + 1,
                partition=before.partition,
                base_offset=before.base_offset,
                error_code=before.error_code,
                message=before.message,
                retriable=before.retriable,
                outcome_unknown=before.outcome_unknown,
            )
        found.append(run)
    return found


def failure(error: BrokerError | ApiError, count: int = 1) -> Run:
    """Return what became of records that a verb refused."""
    if isinstance(error, ApiError):
        return _refusal(count, error.error_code, error.message)
    return Run(
        count=count,
        error_code=status_and_code(error)[1],
        message=str(error),
        retriable=error.retriable,
        outcome_unknown=error.outcome_unknown,
    )


def _run(one: Outcome | Refused) -> Run:
    if isinstance(one, Refused):
        return _refusal(1, one.error_code, one.message)
    if isinstance(one, BrokerError):
        return failure(one)
    return Run(count=1, partition=one[0], base_offset=one[1])


def _follows(before: Run, run: Run) -> bool:
    if before.base_offset is None or run.base_offset is None:
        return (before.error_code, before.message) == (run.error_code, run.message)
    return (
        before.partition == run.partition and before.base_offset + before.count == run.base_offset
    )


def _refusal(count: int, code: int, message: str) -> Run:
    return Run(count=count, error_code=code, message=message)


def check_frame(frame: Produce | BinaryProduce) -> None:
    """Refuse what no records could make right.

    Raises:
        BadFrame: A producer without a partition.
    """
    if frame.producer is not None and frame.partition is None:
        raise BadFrame("a produce with a producer names its partition", frame.id)

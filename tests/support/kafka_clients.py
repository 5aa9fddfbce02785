"""Kafka's clients behind one face: each writes records to a partition and reads them back.

They are programs that we did not write, used as anybody would use them.
"""

import asyncio
import base64
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as AioTopicPartition
from confluent_kafka import Consumer, Producer, TopicPartition
from kafka import KafkaConsumer, KafkaProducer
from kafka import TopicPartition as PyTopicPartition

from tests.support.node import NodeProcess

PATIENCE_S = 60.0


class Record(NamedTuple):
    """A record as every client can say it."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp_ms: int


Write = Callable[[NodeProcess, str, Sequence[Record], Mapping[str, Any]], None]
Read = Callable[[NodeProcess, str, int], list[Record]]


def confluent_write(
    node: NodeProcess, topic: str, records: Sequence[Record], options: Mapping[str, Any]
) -> None:
    """Write with librdkafka."""
    failed: list[object] = []
    settings = {
        "bootstrap.servers": node.bootstrap,
        "compression.type": options.get("codec", "none"),
        "acks": options.get("acks", -1),
        "enable.idempotence": options.get("idempotent", False),
        "linger.ms": 5,
    }
    producer = Producer(settings)
    for one in records:
        producer.produce(
            topic,
            one.value,
            one.key,
            0,
            on_delivery=lambda error, _: failed.append(error) if error else None,
            timestamp=one.timestamp_ms,
            headers=list(one.headers),
        )
    assert producer.flush(PATIENCE_S) == 0
    assert failed == []


def confluent_read(node: NodeProcess, topic: str, count: int) -> list[Record]:
    """Read with librdkafka."""
    consumer = Consumer(
        {"bootstrap.servers": node.bootstrap, "group.id": "none", "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[Record] = []
    deadline = time.monotonic() + PATIENCE_S
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} records came"
        for message in consumer.consume(count - len(found), 1):
            assert message.error() is None, message.error()
            headers = tuple((name, value) for name, value in message.headers() or ())
            found.append(Record(message.key(), message.value(), headers, message.timestamp()[1]))
    consumer.close()
    return found


def aiokafka_write(
    node: NodeProcess, topic: str, records: Sequence[Record], options: Mapping[str, Any]
) -> None:
    """Write with aiokafka."""
    acks = options.get("acks", -1)
    codec = options.get("codec", "none")

    async def write() -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=node.bootstrap,
            acks="all" if acks == -1 else acks,
            compression_type=None if codec == "none" else codec,
            enable_idempotence=options.get("idempotent", False),
            linger_ms=5,
        )
        await producer.start()
        try:
            sent = [
                await producer.send(
                    topic,
                    one.value,
                    one.key,
                    partition=0,
                    timestamp_ms=one.timestamp_ms,
                    headers=list(one.headers),
                )
                for one in records
            ]
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    asyncio.run(asyncio.wait_for(write(), PATIENCE_S))


def aiokafka_read(node: NodeProcess, topic: str, count: int) -> list[Record]:
    """Read with aiokafka."""

    async def read() -> list[Record]:
        consumer = AIOKafkaConsumer(bootstrap_servers=node.bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            place = AioTopicPartition(topic, 0)
            consumer.assign([place])
            consumer.seek(place, 0)
            found = [await consumer.getone() for _ in range(count)]
        finally:
            await consumer.stop()
        return [Record(one.key, one.value, tuple(one.headers), one.timestamp) for one in found]

    return asyncio.run(asyncio.wait_for(read(), PATIENCE_S))


def kafka_python_write(
    node: NodeProcess, topic: str, records: Sequence[Record], options: Mapping[str, Any]
) -> None:
    """Write with kafka-python."""
    acks = options.get("acks", -1)
    codec = options.get("codec", "none")
    producer = KafkaProducer(
        bootstrap_servers=node.bootstrap,
        acks="all" if acks == -1 else acks,
        compression_type=None if codec == "none" else codec,
        enable_idempotence=options.get("idempotent", False),
        linger_ms=5,
    )
    sent = [
        producer.send(
            topic,
            one.value,
            one.key,
            headers=list(one.headers),
            partition=0,
            timestamp_ms=one.timestamp_ms,
        )
        for one in records
    ]
    producer.flush(PATIENCE_S)
    for one in sent:
        one.get(PATIENCE_S)
    producer.close()


def kafka_python_read(node: NodeProcess, topic: str, count: int) -> list[Record]:
    """Read with kafka-python."""
    consumer = KafkaConsumer(
        bootstrap_servers=node.bootstrap,
        enable_auto_commit=False,
        consumer_timeout_ms=int(PATIENCE_S * 1000),
    )
    place = PyTopicPartition(topic, 0)
    consumer.assign([place])
    consumer.seek(place, 0)
    found: list[Record] = []
    for one in consumer:
        found.append(Record(one.key, one.value, tuple(one.headers), one.timestamp))
        if len(found) == count:
            break
    consumer.close()
    return found


def rest_write(
    node: NodeProcess, topic: str, records: Sequence[Record], options: Mapping[str, Any]
) -> None:
    """Write over REST v3, one request a record."""
    del options
    with httpx.Client(timeout=PATIENCE_S) as client:
        for one in records:
            body: dict[str, Any] = {
                "partition_id": 0,
                "timestamp": one.timestamp_ms,
                "headers": [{"name": name, "value": _text(value)} for name, value in one.headers],
            }
            for field, data in (("key", one.key), ("value", one.value)):
                if data is not None:
                    body[field] = {"type": "BINARY", "data": _text(data)}
            answer = client.post(f"{node.topics}/{topic}/records", json=body)
            assert answer.status_code == 200, answer.text
            assert answer.json()["error_code"] == 200, answer.text


def rest_read(node: NodeProcess, topic: str, count: int) -> list[Record]:
    """Read over REST."""
    found: list[Record] = []
    while len(found) < count:
        answer = httpx.get(
            f"{node.topics}/{topic}/partitions/0/records",
            params={"offset": len(found), "key_type": "BINARY", "value_type": "BINARY"},
        )
        assert answer.status_code == 200, answer.text
        page = answer.json()["data"]
        assert page, f"{len(found)} of {count} records came"
        found += [
            Record(
                _bytes(one["key"]),
                _bytes(one["value"]),
                tuple((each["name"], _bytes(each["value"]) or b"") for each in one["headers"]),
                _milliseconds(one["timestamp"]),
            )
            for one in page
        ]
    return found


def _milliseconds(timestamp: str) -> int:
    return round(datetime.fromisoformat(timestamp).timestamp() * 1000)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(data: dict[str, str] | str | None) -> bytes | None:
    if isinstance(data, dict):
        data = data["data"]
    return None if data is None else base64.b64decode(data)


WRITERS: Mapping[str, Write] = {
    "confluent-kafka": confluent_write,
    "aiokafka": aiokafka_write,
    "kafka-python": kafka_python_write,
    "rest": rest_write,
}
READERS: Mapping[str, Read] = {
    "confluent-kafka": confluent_read,
    "aiokafka": aiokafka_read,
    "kafka-python": kafka_python_read,
    "rest": rest_read,
}

"""A process that is a member of a consumer group, with a client that we did not write.

It writes what it sees as lines of JSON, with the machine's monotonic time: ``assigned``, ``got``
(when the client has handed a record out), ``committed`` (when the client says that it is). It may
be killed at any moment; SIGTERM asks it to leave as a client should.
A commit that is refused is tried again, until the partitions are assigned anew.
Run as ``python -m tests.support.groups.member confluent|aiokafka|kafka-python BOOTSTRAP OPTIONS``.
"""

import asyncio
import json
import signal
import sys
import time
from typing import Any

import aiokafka
import confluent_kafka
import kafka
from aiokafka.errors import KafkaError as AioKafkaError
from kafka.errors import KafkaError as KafkaPythonError

SESSION_MS = 2_000
HEARTBEAT_MS = 300
POLL_S = 0.1

stopping = False


def stop(*_: object) -> None:
    """Leave at the next opportunity."""
    global stopping  # noqa: PLW0603 - a signal has nobody else to tell
    stopping = True


def say(what: str, **more: object) -> None:
    """Write a line that survives a kill."""
    print(json.dumps({"what": what, "at": time.monotonic(), **more}), flush=True)


def run_confluent(bootstrap: str, options: dict[str, Any]) -> None:
    """Live as a member with librdkafka."""
    how: dict[str, Any] = {"group.protocol": "consumer"}  # then the server has the time-outs
    if options.get("protocol") != "consumer":
        how = {
            "session.timeout.ms": SESSION_MS,
            "heartbeat.interval.ms": HEARTBEAT_MS,
            "partition.assignment.strategy": options.get("strategy", "range"),
        }
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": bootstrap,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "log_level": 0,
            "group.id": options["group"],
            **how,
            **({"group.instance.id": options["instance"]} if options.get("instance") else {}),
        }
    )
    consumer.subscribe(
        [options["topic"]],
        on_assign=lambda _, found: say("assigned", partitions=[one.partition for one in found]),
    )
    is_owed = False
    while not stopping:
        records = [one for one in consumer.consume(50, POLL_S) if one.error() is None]
        for one in records:
            say("got", partition=one.partition(), offset=one.offset())
        is_owed = is_owed or bool(records)
        if is_owed:
            try:
                done = consumer.commit(asynchronous=False)
            except confluent_kafka.KafkaException as error:
                say("refused", why=str(error))
                is_owed = error.args[0].code() != confluent_kafka.KafkaError._NO_OFFSET
                continue
            is_owed = False
            for one in done or ():
                if one.error is None and one.offset >= 0:
                    say("committed", partition=one.partition, offset=one.offset)
    consumer.close()


def run_kafka_python(bootstrap: str, options: dict[str, Any]) -> None:
    """Live as a member with kafka-python."""
    consumer = kafka.KafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=options["group"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        max_poll_records=50,
        **({"group_instance_id": options["instance"]} if options.get("instance") else {}),
    )

    ends: dict[Any, Any] = {}

    class Listener(kafka.ConsumerRebalanceListener):  # type: ignore[misc] # untyped
        def on_partitions_revoked(self, revoked: object) -> None:
            del revoked

        def on_partitions_assigned(self, assigned: Any) -> None:
            ends.clear()
            say("assigned", partitions=[one.partition for one in assigned])

    consumer.subscribe([options["topic"]], listener=Listener())
    while not stopping:
        found = consumer.poll(timeout_ms=int(POLL_S * 1000))
        for partition, records in found.items():
            for one in records:
                say("got", partition=one.partition, offset=one.offset)
            ends[partition] = kafka.OffsetAndMetadata(records[-1].offset + 1, "", -1)
        if ends:
            try:
                consumer.commit(ends)
            except KafkaPythonError as error:
                say("refused", why=repr(error))
                continue
            for partition, end in ends.items():
                say("committed", partition=partition.partition, offset=end.offset)
            ends.clear()
    consumer.close()


async def run_aiokafka(bootstrap: str, options: dict[str, Any]) -> None:
    """Live as a member with aiokafka."""
    consumer = aiokafka.AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=options["group"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        max_poll_records=50,
        group_instance_id=options.get("instance"),
    )

    ends: dict[Any, Any] = {}

    class Listener(aiokafka.ConsumerRebalanceListener):  # type: ignore[misc] # untyped
        async def on_partitions_revoked(self, revoked: object) -> None:
            del revoked

        async def on_partitions_assigned(self, assigned: Any) -> None:
            ends.clear()
            say("assigned", partitions=[one.partition for one in assigned])

    consumer.subscribe([options["topic"]], listener=Listener())
    await consumer.start()
    while not stopping:
        found = await consumer.getmany(timeout_ms=int(POLL_S * 1000))
        for partition, records in found.items():
            for one in records:
                say("got", partition=one.partition, offset=one.offset)
            ends[partition] = records[-1].offset + 1
        if ends:
            try:
                await consumer.commit(ends)
            except AioKafkaError as error:
                say("refused", why=repr(error))
                continue
            for partition, end in ends.items():
                say("committed", partition=partition.partition, offset=end)
            ends.clear()
    await consumer.stop()


def main(kind: str, bootstrap: str, options: dict[str, Any]) -> None:
    """Be a member until told to stop."""
    signal.signal(signal.SIGTERM, stop)
    if kind == "confluent":
        run_confluent(bootstrap, options)
    elif kind == "kafka-python":
        run_kafka_python(bootstrap, options)
    else:
        asyncio.run(run_aiokafka(bootstrap, options))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))

"""Real clients, each in a process of its own: librdkafka by confluent-kafka, Kafka's own tools."""

import json
import os
import random
import re
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.kafka.servers import JARS, ROOT

PIECE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a client does."""

    bootstrap: str
    topic: str
    partitions: int
    record_bytes: int
    count: int
    acks: str
    compression: str

    def values(self, count: int) -> list[bytes]:
        """Return values about as compressible as JSON events are."""
        chance = random.Random(7)
        words = [b"%08x" % chance.getrandbits(32) for _ in range(64)]
        found = []
        for _ in range(count):
            text = b" ".join(chance.choices(words, k=self.record_bytes // 9 + 1))
            found.append(text[: self.record_bytes])
        return found


def confluent_produce(load: Load) -> float:
    from confluent_kafka import Producer

    producer = Producer(
        {
            "bootstrap.servers": load.bootstrap,
            "acks": load.acks,
            "compression.type": load.compression,
            "linger.ms": 5,
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": 2_000_000,
            "queue.buffering.max.kbytes": 1 << 20,
        }
    )
    values = load.values(PIECE)
    failed = 0

    def delivered(error: object, _: object) -> None:
        nonlocal failed
        failed += error is not None

    producer.list_topics(load.topic)
    sent = 0
    began = time.perf_counter()
    while sent < load.count:
        messages = [{"value": value} for value in values]
        for partition in range(load.partitions):
            part = messages[partition :: load.partitions]
            done = producer.produce_batch(load.topic, part, partition=partition)
            assert done == len(part), "the queue is too small"
        sent += len(messages)
        producer.poll(0)
        while len(producer) > 1_000_000:
            producer.poll(0.01)
    producer.flush()
    took = time.perf_counter() - began
    assert not failed
    return sent / took


def confluent_consume(load: Load) -> float:
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

    consumer = Consumer(
        {
            "bootstrap.servers": load.bootstrap,
            "group.id": "bench",
            "enable.auto.commit": False,
            "fetch.message.max.bytes": 4 << 20,
            "queued.max.messages.kbytes": 256 << 10,
            "queued.min.messages": 10_000_000,
            "fetch.queue.backoff.ms": 0,  # else it pauses for a second whenever its queue is full
        }
    )
    consumer.assign(
        [TopicPartition(load.topic, one, OFFSET_BEGINNING) for one in range(load.partitions)]
    )
    count = 0
    began = None
    while count < load.count:
        messages = consumer.consume(PIECE, timeout=10)
        assert messages, f"only {count} of {load.count} came"
        if began is None:
            began = time.perf_counter()
        count += len(messages)
    took = time.perf_counter() - (began or 0)
    consumer.close()
    return (count - len(messages)) / took if took else 0.0


def end_to_end(load: Load) -> list[float]:
    """Return seconds from produce() to the consumer's hands, 1,000 records a second, sorted."""
    import threading

    from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition

    consumer = Consumer(
        {"bootstrap.servers": load.bootstrap, "group.id": "latency", "fetch.wait.max.ms": 500}
    )
    consumer.assign([TopicPartition(load.topic, 0, OFFSET_END)])
    producer = Producer({"bootstrap.servers": load.bootstrap, "acks": load.acks, "linger.ms": 0})
    found: list[float] = []
    ended = threading.Event()

    def consume() -> None:
        while not ended.is_set():
            message = consumer.poll(0.1)
            if message is not None and message.error() is None:
                found.append(time.perf_counter() - float(message.value()))

    reader = threading.Thread(target=consume)
    reader.start()
    time.sleep(2)
    began = time.perf_counter()
    for number in range(load.count):
        wait = began + number / 1000 - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        producer.produce(load.topic, b"%.9f" % time.perf_counter(), partition=0)
        producer.poll(0)
    producer.flush()
    time.sleep(1)
    ended.set()
    reader.join()
    consumer.close()
    return sorted(found[len(found) // 5 :])


def in_process(what: str, load: Load) -> float | list[float]:
    """Run one of the above in a process of its own and return what it says."""
    command = [sys.executable, "-m", "benchmarks.kafka.clients", what, json.dumps(asdict(load))]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    found: float | list[float] = json.loads(done.stdout)
    return found


def java_produce(load: Load) -> float:
    """Run Kafka's ProducerPerformance and return records/s."""
    command = ["java", "-cp", f"{JARS}/*", "org.apache.kafka.tools.ProducerPerformance"]
    command += ["--topic", load.topic, "--num-records", str(load.count), "--throughput", "-1"]
    command += ["--record-size", str(load.record_bytes), "--producer-props"]
    command += [f"bootstrap.servers={load.bootstrap}", f"acks={load.acks}"]
    command += [f"compression.type={load.compression}", "batch.size=131072", "linger.ms=5"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rates = re.findall(r"records sent, ([\d.]+) records/sec", done.stdout)
    return float(rates[-1])


def java_consume(load: Load) -> float:
    """Run Kafka's ConsumerPerformance and return records/s of its fetch time."""
    command = ["java", "-cp", f"{JARS}/*", "org.apache.kafka.tools.ConsumerPerformance"]
    command += ["--bootstrap-server", load.bootstrap, "--topic", load.topic]
    command += ["--messages", str(load.count), "--timeout", "60000"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.strip().splitlines()[-1].split(",")[-1])


def main() -> None:
    measure = {"produce": confluent_produce, "consume": confluent_consume, "latency": end_to_end}
    print(json.dumps(measure[sys.argv[1]](Load(**json.loads(sys.argv[2])))))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main()

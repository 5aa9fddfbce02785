"""A REST v3 server in memory, behind httpx's mock transport: the outside world of client and CLI.

It knows what they rely on and no more; tests/contract/test_cli.py holds it to the real one.
"""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx

Answer = Callable[[httpx.Request], httpx.Response]
_TOPIC = re.compile(r"/v3/clusters/-/topics/([^/]+)(/.*)?")
_BELOW_PARTITION = re.compile(r"/partitions/(\d+)/(replicas|offset|records)")


def refusal(status: int, error_code: int, message: str) -> httpx.Response:
    """An error as the server words it."""
    return httpx.Response(status, json={"error_code": error_code, "message": message})


@dataclass
class FakeTopic:
    name: str
    partitions: list[list[dict[str, Any]]] = field(default_factory=lambda: [[]])
    configs: dict[str, str] = field(default_factory=dict)
    is_internal: bool = False

    def data(self) -> dict[str, Any]:
        return {
            "kind": "KafkaTopic",
            "topic_name": self.name,
            "is_internal": self.is_internal,
            "partitions_count": len(self.partitions),
            "replication_factor": 1,
        }


class FakeRestServer:
    """Holds topics; remembers requests; may be told to answer otherwise first."""

    def __init__(self) -> None:
        self.topics: dict[str, FakeTopic] = {}
        self.requests: list[httpx.Request] = []
        self.before: list[Answer | None] = []
        """What answers the next requests instead; None for the server itself."""

        self.refuse_value: dict[bytes, tuple[int, str]] = {}
        """Values whose records get a receipt with this error."""

    def add(self, name: str, partitions: int = 1) -> FakeTopic:
        """Create a topic without being asked."""
        self.topics[name] = FakeTopic(name, [[] for _ in range(partitions)])
        return self.topics[name]

    def append(
        self, name: str, *values: bytes | None, partition: int = 0, key: bytes | None = None
    ) -> None:
        """Store records without being asked."""
        for value in values:
            self._append(self.topics[name], {}, partition, key, value)

    def stored(self, name: str) -> list[tuple[bytes | None, bytes | None]]:
        """Keys and values of a topic, partition after partition."""
        topic = self.topics[name]
        return [(one["key"], one["value"]) for records in topic.partitions for one in records]

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.handle)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        instead = self.before.pop(0) if self.before else None
        if instead is not None:
            return instead(request)
        path = request.url.raw_path.decode().partition("?")[0]
        if path == "/v3/clusters/-/topics":
            return self._topics(request)
        match = _TOPIC.fullmatch(path)
        topic = self.topics.get(unquote(match.group(1))) if match else None
        if match is None or topic is None:
            return refusal(404, 40403, "This server does not host this topic-partition.")
        return self._below(request, topic, match.group(2) or "")

    def _topics(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            data = [topic.data() for topic in self.topics.values()]
            return httpx.Response(200, json={"kind": "KafkaTopicList", "data": data})
        wanted = json.loads(request.content)
        if wanted["topic_name"] in self.topics:
            return refusal(400, 40002, f"Topic '{wanted['topic_name']}' already exists.")
        topic = self.add(wanted["topic_name"], wanted.get("partitions_count", 1))
        topic.configs = {one["name"]: one["value"] for one in wanted.get("configs", [])}
        return httpx.Response(201, json=topic.data())

    def _below(self, request: httpx.Request, topic: FakeTopic, below: str) -> httpx.Response:
        method = request.method
        match = _BELOW_PARTITION.fullmatch(below)
        if match:
            return self._partition(request, topic, int(match.group(1)), match.group(2))
        answers: dict[tuple[str, str], Callable[[], httpx.Response]] = {
            ("GET", ""): lambda: httpx.Response(200, json=topic.data()),
            ("DELETE", ""): lambda: self._delete(topic),
            ("PATCH", ""): lambda: self._add_partitions(request, topic),
            ("GET", "/partitions"): lambda: httpx.Response(
                200, json={"data": [{"partition_id": n} for n in range(len(topic.partitions))]}
            ),
            ("GET", "/configs"): lambda: self._configs(topic),
            ("POST", "/configs:alter"): lambda: self._alter(request, topic),
            ("POST", "/records"): lambda: self._produce(request, topic),
            ("GET", "/records"): lambda: self._consume(request, topic),
        }
        return answers[method, below]()

    def _delete(self, topic: FakeTopic) -> httpx.Response:
        del self.topics[topic.name]
        return httpx.Response(204)

    def _add_partitions(self, request: httpx.Request, topic: FakeTopic) -> httpx.Response:
        total = json.loads(request.content)["partitions_count"]
        if total <= len(topic.partitions):
            return refusal(400, 40002, "Topic currently has as many partitions or more.")
        topic.partitions += [[] for _ in range(total - len(topic.partitions))]
        return httpx.Response(200, json=topic.data())

    def _configs(self, topic: FakeTopic) -> httpx.Response:
        every = {"segment.bytes": "1073741824", **topic.configs}
        data = [
            {
                "name": name,
                "value": value,
                "is_default": name not in topic.configs,
                "source": "DEFAULT_CONFIG",
            }
            for name, value in every.items()
        ]
        return httpx.Response(200, json={"data": data})

    def _alter(self, request: httpx.Request, topic: FakeTopic) -> httpx.Response:
        for change in json.loads(request.content)["data"]:
            if change["operation"] == "SET":
                topic.configs[change["name"]] = change["value"]
            else:
                topic.configs.pop(change["name"], None)
        return httpx.Response(204)

    def _partition(
        self, request: httpx.Request, topic: FakeTopic, number: int, what: str
    ) -> httpx.Response:
        if number >= len(topic.partitions):
            return refusal(404, 40402, "Partition not found.")
        end = len(topic.partitions[number])
        if what == "offset":
            return httpx.Response(200, json={"earliest_offset": 0, "latest_offset": end})
        if what == "replicas":
            replica = {"broker_id": 1, "is_leader": True, "is_in_sync": True}
            return httpx.Response(200, json={"data": [replica]})
        places = self._read(request, topic, [number])
        records, next_offset, end = places[0]
        return httpx.Response(
            200, json={"data": records, "next_offset": next_offset, "high_watermark": end}
        )

    def _produce(self, request: httpx.Request, topic: FakeTopic) -> httpx.Response:
        receipts = []
        for line in request.content.splitlines():
            record = json.loads(line)
            value = _bytes(record.get("value"))
            if value in self.refuse_value:
                code, message = self.refuse_value[value]
                receipts.append({"error_code": code, "message": message})
                continue
            partition = record.get("partition_id", 0)
            offset = self._append(topic, record, partition, _bytes(record.get("key")), value)
            receipts.append({"error_code": 200, "partition_id": partition, "offset": offset})
        text = "".join(json.dumps(receipt) + "\r\n" for receipt in receipts)
        return httpx.Response(200, text=text)

    def _append(
        self,
        topic: FakeTopic,
        record: dict[str, Any],
        partition: int,
        key: bytes | None,
        value: bytes | None,
    ) -> int:
        records = topic.partitions[partition]
        records.append({"key": key, "value": value, "given": record})
        return len(records) - 1

    def _consume(self, request: httpx.Request, topic: FakeTopic) -> httpx.Response:
        places = self._read(request, topic, list(range(len(topic.partitions))))
        return httpx.Response(
            200,
            json={
                "data": [record for records, _, _ in places for record in records],
                "next_cursor": ".".join(str(next_offset) for _, next_offset, _ in places),
                "partitions": [
                    {"partition_id": number, "next_offset": next_offset, "high_watermark": end}
                    for number, (_, next_offset, end) in enumerate(places)
                ],
            },
        )

    def _read(
        self, request: httpx.Request, topic: FakeTopic, numbers: list[int]
    ) -> list[tuple[list[dict[str, Any]], int, int]]:
        params = request.url.params
        left = int(params["max_records"])
        types = params.get("key_type"), params.get("value_type")
        read = []
        for index, number in enumerate(numbers):
            records = topic.partitions[number]
            start = _start(params, index, len(records))
            shown = [
                _shown(topic.name, number, offset, records[offset], types)
                for offset in range(start, min(len(records), start + left))
            ]
            left -= len(shown)
            read.append((shown, start + len(shown), len(records)))
        return read


def _start(params: httpx.QueryParams, index: int, end: int) -> int:
    if "cursor" in params:
        return int(params["cursor"].split(".")[index])
    if "offset" in params:
        return int(params["offset"])
    return end if params.get("from") == "latest" else 0


def _bytes(data: dict[str, Any] | None) -> bytes | None:
    if data is None or data["data"] is None:
        return None
    if data["type"] == "BINARY":
        return base64.b64decode(data["data"])
    if data["type"] == "STRING":
        text: str = data["data"]
        return text.encode()
    return json.dumps(data["data"], separators=(",", ":"), ensure_ascii=False).encode()


def _shown(
    topic: str,
    partition: int,
    offset: int,
    record: dict[str, Any],
    types: tuple[str | None, str | None],
) -> dict[str, Any]:
    return {
        "topic_name": topic,
        "partition_id": partition,
        "offset": offset,
        "timestamp": record["given"].get("timestamp", "2026-11-23T20:03:00.000Z"),
        "timestamp_type": "CREATE_TIME",
        "key": _data(record["key"], types[0]),
        "value": _data(record["value"], types[1]),
        "headers": record["given"].get("headers", []),
    }


def _data(data: bytes | None, kind: str | None) -> dict[str, Any] | None:
    if data is None:
        return None
    if kind == "BINARY":
        return {"type": "BINARY", "data": base64.b64encode(data).decode()}
    return {"type": "STRING", "data": data.decode()}

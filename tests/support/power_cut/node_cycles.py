"""Cuts the power under a whole node, ``cauce serve``, that is fed over REST.

Its logs and its metadata database lie on the file system that is cut. Run as a module in an
isolated process (``file_system.start_isolated``); it prints one JSON object.
Arguments: file system, directory, cycles, seed.
"""

import json
import random
import sys
import threading
from pathlib import Path

import httpx

from tests.support.node import NodeProcess
from tests.support.power_cut.file_system import PowerCutFileSystem

PARTITIONS = 4
PRODUCERS = 3
BODY_RECORDS = 8
LOAD_S = (0.2, 0.8)
PATIENCE_S = 30.0

Place = tuple[int, int]


class Producer(threading.Thread):
    """Produces until the node answers anything but success; keeps the receipts."""

    def __init__(self, node: NodeProcess, name: str, is_dark: threading.Event) -> None:
        super().__init__()
        self._node = node
        self._name = name
        self._is_dark = is_dark
        """Set when the cut begins; no receipt counts from then on."""

        self.receipts: dict[Place, str] = {}

    def run(self) -> None:
        """Send one body after the other."""
        number = 0
        with httpx.Client(timeout=PATIENCE_S) as client:
            while True:
                values = [f"{self._name}-{number + one}" for one in range(BODY_RECORDS)]
                number += BODY_RECORDS
                if not self._send(client, values):
                    return

    def _send(self, client: httpx.Client, values: list[str]) -> bool:
        records = [json.dumps({"value": {"type": "STRING", "data": one}}) for one in values]
        try:
            answer = client.post(
                f"{self._node.topics}/orders/records",
                content="\n".join(records),
                headers={"content-type": "application/json"},
            )
        except httpx.TransportError:
            return False
        if answer.status_code != 200 or self._is_dark.is_set():
            return False
        receipts = [json.loads(line) for line in answer.text.splitlines()]
        for receipt, value in zip(receipts, values, strict=False):
            if receipt["error_code"] == 200:
                self.receipts[receipt["partition_id"], receipt["offset"]] = value
        return all(receipt["error_code"] == 200 for receipt in receipts)


def read_all(node: NodeProcess, problems: list[str]) -> dict[Place, str]:
    """Return every record of the topic."""
    found: dict[Place, str] = {}
    with httpx.Client(timeout=PATIENCE_S) as client:
        for partition in range(PARTITIONS):
            offset, end = 0, 1
            while offset < end:
                answer = client.get(
                    f"{node.topics}/orders/partitions/{partition}/records",
                    params={"offset": offset, "max_records": 5000},
                )
                if answer.status_code != 200:
                    problems.append(f"partition {partition} lost: {answer.text}")
                    break
                page = answer.json()
                for record in page["data"]:
                    if record["offset"] != offset:
                        problems.append(f"partition {partition}: offset {offset} is missing")
                    found[partition, record["offset"]] = record["value"]["data"]
                    offset = record["offset"] + 1
                end = page["high_watermark"]
    return found


def cycle(
    disk: PowerCutFileSystem, node: NodeProcess, name: str, load_s: float
) -> dict[Place, str]:
    """Load the node, cut its power, bring it back; return what it acknowledged."""
    is_dark = threading.Event()
    producers = [Producer(node, f"{name}-{number}", is_dark) for number in range(PRODUCERS)]
    for producer in producers:
        producer.start()
    producers[0].join(load_s)
    is_dark.set()
    disk.cut()
    for producer in producers:
        producer.join()
    node.kill()
    disk.restart()
    node.start()
    return {place: value for one in producers for place, value in one.receipts.items()}


def main() -> None:
    """Run the cycles that the arguments ask for."""
    kind, directory, cycles, seed = sys.argv[1:]
    chance = random.Random(int(seed))
    acknowledged: dict[Place, str] = {}
    problems: list[str] = []
    with PowerCutFileSystem(kind, Path(directory)) as disk:
        node = NodeProcess(disk.path)
        node.start()
        node.create_topic("orders", PARTITIONS, **{"segment.bytes": "50000"})
        try:
            for number in range(int(cycles)):
                new = cycle(disk, node, str(number), chance.uniform(*LOAD_S))
                twice = acknowledged.keys() & new.keys()
                problems += [f"{place} was acknowledged twice" for place in sorted(twice)]
                acknowledged.update(new)
                found = read_all(node, problems)
                lost = [place for place, one in acknowledged.items() if found.get(place) != one]
                if lost:
                    problems.append(f"{len(lost)} records lost, first {min(lost)}")
        finally:
            node.kill()
    verdict = {"cycles": int(cycles), "acknowledged_records": len(acknowledged)}
    print(json.dumps(verdict | {"problems": problems}))


if __name__ == "__main__":
    main()

"""What a user of pymapr-kafkarest writes: produce, connect, subscribe, consume, seek.

Arguments: the server's URL, a topic, a group. Prints the values that it consumed, as JSON.
"""

import json
import sys
import time

from pymapr_kafkarest import MaprKlient
from pymapr_kafkarest.kafkarest import MaprKProducer

SECONDS_MAX = 60


def main() -> None:
    url, topic, group = sys.argv[1:]
    producer = MaprKProducer(f"{url}/", headers={})
    producer.retry = 0  # it sends once more for each, even if all went well
    producer.produce([{"key": "k", "value": {"number": number}} for number in range(3)], topic)
    client = MaprKlient(f"{url}/", group, headers={}, topics=[topic], instance="one")
    client.connect(clear=True)
    client.connect(clear=True)
    client.subscribe()
    first = consume(client)
    again = consume(client, position=1)
    whole = consume(client, seek=True)
    print(json.dumps([first, again, whole]))


def consume(client: MaprKlient, **where: object) -> list[object]:
    """Consume until the last record has come."""
    values: list[object] = []
    deadline = time.monotonic() + SECONDS_MAX
    while not values or values[-1] != {"number": 2}:
        assert time.monotonic() < deadline, values
        values += [one["value"] for one in client.consume(**where)]
        where = {}
    return values


if __name__ == "__main__":
    main()

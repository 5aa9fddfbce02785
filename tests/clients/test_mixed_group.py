"""One group of WebSocket members and librdkafka's, which come and go while records are written."""

from pathlib import Path

import pytest

from tests.support.groups.members import Watched, check_commits, offsets_got, wait_until
from tests.support.groups.watched import Feed, Members, impatient_node
from tests.support.groups.web_members import WebCrowd

pytestmark = pytest.mark.slow

WEB, KAFKA = 50, 10
PARTITIONS = WEB + KAFKA + 4
ROLLED = 8


def test_sixty_members_of_two_doors_are_rolled_and_nothing_is_lost_or_read_by_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with impatient_node(tmp_path / "data", monkeypatch) as node:
        node.create_topic("wide", PARTITIONS)
        feed = Feed(node, "wide", PARTITIONS)
        (tmp_path / "members").mkdir()
        kafka = Members(node, tmp_path / "members", feed=feed)
        web = WebCrowd(node, "g", "wide")

        def everybody() -> list[Watched]:
            return [*kafka.all, *web.members]

        def got_all() -> bool:
            found, wanted = offsets_got(everybody()), set(range(feed.produced))
            return all(found[one] >= wanted for one in range(PARTITIONS))

        try:
            for _ in range(KAFKA):
                kafka.start("confluent", strategy="range")
            for _ in range(WEB):
                web.start()
            wait_until(lambda: all(one.seen("assigned") for one in everybody()), "all are in")
            feed.produce()
            wait_until(got_all, "every record is handed out")
            for number in range(ROLLED):
                web.stop(web.members[number])
                joins = web.start()
                feed.produce()
                kafka.all[number].stop()
                other = kafka.start("confluent", strategy="range")
                wait_until(
                    lambda pair=(joins, other): all(one.seen("assigned") for one in pair),
                    "the new ones have partitions",
                )
            wait_until(got_all, "every record is handed out")
            kafka.wait_for_commits()
            web.close()
        finally:
            for one in kafka.all:
                one.kill()

    check_commits(everybody())
    assert all(one.seen("revoking") or one.seen("left") for one in web.members[: WEB // 2])
    assert not [one for member in web.members for one in member.seen("lost")]

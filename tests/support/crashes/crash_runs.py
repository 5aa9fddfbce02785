"""Runs of the storage engine whose every moment is looked at: one for each thing that a log does.

A run gets a driver and does what a node does. ``RUNS`` names them all.
"""

import random
from collections.abc import Callable, Mapping

from storage.config import LogConfig, parse_config
from storage.format.batch import Compression
from storage.format.control import ControlType
from storage.log_layout import LogId
from tests.support.crashes.log_driver import LogDriver, log_id

FIRST, SECOND, THIRD = log_id("first"), log_id("second"), log_id("second", 1)
A, B, C = ((one.topic_id, one.partition) for one in (FIRST, SECOND, THIRD))

SMALL = {"segment.bytes": "1024", "index.interval.bytes": "150", "file.delete.delay.ms": "0"}
CONFIG = parse_config(SMALL)


def appending(driver: LogDriver) -> None:
    """Append to several partitions, with group commit, rolls and new reigns."""
    for step in range(14):
        driver.epoch = step // 5
        for key in (A, B, C)[: 1 + step % 3]:
            driver.append(key, 1 + step % 3)
        driver.flush(A, meanwhile=lambda: driver.append(A, 2))
        driver.flush(B)
        if step % 5 == 4:
            driver.roll(A)
            driver.checkpoint()
    driver.flush(C)


def producing(driver: LogDriver) -> None:
    """Idempotent producers: sequences, retries, new epochs, over rolls and restarts."""
    for step in range(18):
        batch = driver.append(A, 1 + step % 2, producer_id=1 + step % 3, producer_epoch=step // 9)
        driver.retry(A, batch)
        if step % 2:
            driver.flush(A)
        if step == 7:
            driver.kill()
            driver.start()
        if step % 6 == 5:
            driver.roll(A)
            driver.flush(A)
            driver.checkpoint()
        driver.retry(A, batch)


def transacting(driver: LogDriver) -> None:
    """Transactions that overlap, committed and aborted, over several segments."""
    for step in range(16):
        driver.append(A, 2, producer_id=1 + step % 2, is_transactional=True)
        if step % 3 == 2:
            kind = ControlType.ABORT if step % 2 else ControlType.COMMIT
            driver.end_transaction(A, 1 + step // 3 % 2, kind)
        driver.append(A, 1)
        if step % 2:
            driver.flush(A)
        if step == 9:
            driver.checkpoint()
            driver.kill()
            driver.start()
    driver.end_transaction(A, 1, ControlType.ABORT)
    driver.flush(A)


def compressing(driver: LogDriver) -> None:
    """Batches of every codec."""
    for step in range(20):
        driver.append(A, 4, compression=Compression(step % 5), producer_id=step % 2)
        if step % 3 == 2:
            driver.flush(A, meanwhile=lambda: driver.append(A, 3, compression=Compression.ZSTD))
    driver.flush(A)


def retaining(driver: LogDriver) -> None:
    """Delete records, by request and by size; their files go behind the checkpoint."""
    for step in range(18):
        driver.epoch = step // 6
        driver.append(A, 2, producer_id=1)
        driver.append(B, 3)
        driver.flush(A)
        driver.flush(B)
        if step % 4 == 3:
            driver.delete_records(A, driver.logs[A].log_start_offset + 5)
            driver.retain()
            driver.checkpoint()
        if step == 11:
            driver.kill()
            driver.start()


def truncating(driver: LogDriver) -> None:
    """Follow a leader, part from it, follow the next one."""
    for reign in range(6):
        driver.epoch = reign
        for step in range(4):
            driver.append_as_follower(A, 1 + step % 3, batches=1 + step % 2)
            driver.append(A, 1, producer_id=1)
            if step != 2:
                driver.flush(A)
        if reign % 2:
            driver.checkpoint()
        driver.truncate(A, max(1, driver.histories[A].end - (3, 9, 1, 14)[reign % 4]))
        if reign == 3:
            driver.kill()
            driver.start()
    driver.append(A, 2, producer_id=1)
    driver.flush(A)


def beginning_again(driver: LogDriver) -> None:
    """Cut a batch whose first records are deleted: the log begins again at its start."""
    for step in range(8):
        if step == 3:
            driver.close()
            driver.start()
        for _ in range(1 + step % 3 * 4):
            driver.append(A, 4, producer_id=1)
        driver.flush(A)
        if step % 2:
            driver.checkpoint()
        driver.delete_records(A, driver.histories[A].end - 2)
        driver.truncate(A, driver.histories[A].end - step % 2 - 1)
        if step % 3 == 2:
            driver.kill()
            driver.start()
    driver.append(A, 2)
    driver.flush(A)


def restarting(driver: LogDriver) -> None:
    """Get killed with much that was not synced, again and again."""
    for life in range(4):
        driver.epoch = life
        for step in range(5):
            driver.append(A, 1 + step % 2, producer_id=5)
            driver.append(B, 1)
            if step == 1:
                driver.flush(A)
                driver.flush(B)
        driver.kill()
        driver.start()
        if life == 2:
            driver.checkpoint()


def closing(driver: LogDriver) -> None:
    """Shut down in good order and start again."""
    for life in range(4):
        driver.epoch = life
        for step in range(4):
            driver.append(A, 2, producer_id=step % 2)
            driver.append(B, 1, producer_id=3, is_transactional=True)
        driver.flush(A)
        driver.end_transaction(B, 3, ControlType.ABORT)
        driver.close()
        driver.start()


def anything(driver: LogDriver, seed: int, steps: int = 60) -> None:
    """Do anything in any order."""
    chance = random.Random(seed)
    for _ in range(steps):
        one_step(driver, chance)


def one_step(driver: LogDriver, chance: random.Random) -> None:
    """Do something that a node may do at any time."""
    key = chance.choice(list(driver.logs))
    log, history = driver.logs[key], driver.histories[key]
    doing = chance.random()
    producer_id = chance.choice((-1, 1, 2))
    known = driver.state(key).producers.get(producer_id)
    is_open = known is not None and known.open_at is not None
    if doing < 0.40:
        driver.append(
            key,
            chance.randint(1, 3),
            producer_id=producer_id,
            is_transactional=is_open or (producer_id > 0 and chance.random() < 0.3),
            compression=chance.choice(list(Compression))
            if chance.random() < 0.2
            else Compression.NONE,
        )
    elif doing < 0.48:
        driver.append_as_follower(key, chance.randint(1, 2), batches=chance.randint(1, 2))
    elif doing < 0.56 and is_open:
        driver.end_transaction(key, producer_id, chance.choice(list(ControlType)))
    elif doing < 0.72:
        driver.flush(key)
    elif doing < 0.76:
        sent = known.sent if known is not None else ()
        shown = [one.batch for one in sent if one.batch.base >= log.log_start_offset]
        if shown:
            driver.retry(key, shown[0])
    elif doing < 0.79:
        driver.roll(key)
    elif doing < 0.85:
        driver.checkpoint()
    elif doing < 0.89:
        driver.delete_records(key, chance.randint(log.log_start_offset, log.durable_end_offset))
    elif doing < 0.91:
        driver.retain()
    elif doing < 0.95:
        driver.truncate(key, max(log.log_start_offset, history.end - chance.randint(0, 9)))
        driver.epoch += 1
    elif doing < 0.98:
        driver.kill()
        driver.start()
    else:
        driver.close()
        driver.start()


Run = Callable[[LogDriver], None]

RETAINING = parse_config({**SMALL, "retention.bytes": "2500"})

RUNS: Mapping[str, tuple[Run, Mapping[LogId, LogConfig]]] = {
    "append": (appending, {FIRST: CONFIG, SECOND: CONFIG, THIRD: CONFIG}),
    "produce": (producing, {FIRST: CONFIG}),
    "transact": (transacting, {FIRST: CONFIG}),
    "compress": (compressing, {FIRST: CONFIG}),
    "retain": (retaining, {FIRST: CONFIG, SECOND: RETAINING}),
    "truncate": (truncating, {FIRST: CONFIG}),
    "begin again": (beginning_again, {FIRST: CONFIG}),
    "restart": (restarting, {FIRST: CONFIG, SECOND: CONFIG}),
    "close": (closing, {FIRST: CONFIG, SECOND: CONFIG}),
}

"""Commits: offsets of a subscription made durable, and the words of the answer.

Called by: connection. Calls: consumers.session.
"""

from app.api.errors import status_and_code
from app.api.ws.client_frames import Commit
from app.api.ws.server_frames import CommittedOut, Error, PositionOut
from app.api.ws.subscription import Subscription
from app.broker import errors as broker
from app.broker.errors import BrokerError
from app.consumers.model import OffsetToCommit, TopicPartition

_BY_CODE: dict[int, type[BrokerError]] = {
    one.code: one
    for one in vars(broker).values()
    if isinstance(one, type) and issubclass(one, BrokerError) and one.code > 0
}


async def committing(frame: Commit, subscription: Subscription) -> CommittedOut | Error:
    """Commit, and return the answer when it is durable.

    Raises:
        BrokerError: All of it is refused.
    """
    if frame.offsets is None:
        offsets = {one: OffsetToCommit(offset) for one, offset in subscription.to_commit().items()}
    else:
        offsets = {
            TopicPartition(one.topic, one.partition): OffsetToCommit(
                one.offset, one.leader_epoch, one.metadata
            )
            for one in frame.offsets
        }
    codes = await subscription.session.commit(offsets)
    done = {one: to.offset for one, to in offsets.items() if codes.get(one, 0) == 0}
    subscription.settled(done)
    refused = {one: code for one, code in codes.items() if code}
    if refused:
        return _refusal(frame, subscription, refused)
    return CommittedOut(
        id=frame.id,
        sub=subscription.name,
        offsets=[
            PositionOut(topic=one.topic, partition=one.partition, offset=offset)
            for one, offset in done.items()
        ],
        resume=subscription.token(),
    )


def _refusal(
    frame: Commit, subscription: Subscription, refused: dict[TopicPartition, int]
) -> Error:
    where, code = next(iter(refused.items()))
    error = _BY_CODE.get(code, BrokerError)(f"{where.topic}-{where.partition} was not committed")
    return Error(
        id=frame.id,
        sub=subscription.name,
        error_code=status_and_code(error)[1],
        message=f"{error.name}: {error}; {len(refused)} of the partitions were not",
        retriable=error.retriable,
    )

from app.broker.context import BrokerContext
from app.security.acls import Operation
from app.wire.handlers.operations import cluster_operation_bits, operation_bits
from tests.support.broker import Guards, guarded
from tests.support.wire_calls import call_of


def test_bits_are_kafka_s_numbers_of_the_operations() -> None:
    assert operation_bits([]) == 0
    assert operation_bits([Operation.READ]) == 0b1000
    assert operation_bits([Operation.IDEMPOTENT_WRITE, Operation.READ, Operation.READ]) == 4096 + 8
    assert operation_bits(Operation) == sum(1 << bit for bit in range(2, 15))


async def test_only_what_the_caller_may_do_to_the_cluster_is_set(broker: BrokerContext) -> None:
    guards = Guards(refused=frozenset({Operation.ALTER}))

    bits = cluster_operation_bits(call_of(guarded(broker, guards), 8))

    assert bits == sum(1 << bit for bit in (5, 8, 9, 10, 11, 12))


async def test_nothing_is_told_of_the_cluster_to_who_may_not_see_it(broker: BrokerContext) -> None:
    guards = Guards(refused=frozenset({Operation.DESCRIBE}))

    assert cluster_operation_bits(call_of(guarded(broker, guards), 8)) == 0

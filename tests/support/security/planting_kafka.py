"""Secrets planted at the door of Kafka's protocol, rightly and wrongly."""

import asyncio
import hashlib

from aiokafka.conn import ScramAuthenticator

from app.wire.messages.configs import (
    AlterableConfig,
    AlterConfigsRequest,
    AlterConfigsResource,
    IncrementalAlterableConfig,
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResource,
)
from app.wire.messages.delegation_tokens import (
    CreateDelegationTokenRequest,
    CreateDelegationTokenResponse,
    ExpireDelegationTokenRequest,
    RenewDelegationTokenRequest,
)
from app.wire.messages.sasl import (
    SaslAuthenticateRequest,
    SaslAuthenticateResponse,
    SaslHandshakeRequest,
)
from app.wire.messages.scram import (
    AlterUserScramCredentialsRequest,
    ScramCredentialUpsertion,
)
from tests.support.node import NodeProcess
from tests.support.security.canaries import Canaries
from tests.support.security.lasting import admin_secret
from tests.support.security.planting_http import scram_client
from tests.support.wire_calls import response_of
from tests.support.wire_door import Peer

ITERATIONS = 4096


async def shaken(node: NodeProcess, mechanism: str) -> Peer:
    """Return a connection that has named its mechanism."""
    peer = Peer(*await asyncio.open_connection("127.0.0.1", node.kafka_port))
    peer.send(SaslHandshakeRequest(mechanism=mechanism), 1, 1)
    await peer.receive()
    return peer


async def said(peer: Peer, message: bytes, canaries: Canaries) -> bytes:
    """Send a message of a mechanism; return the answer's."""
    peer.send(SaslAuthenticateRequest(auth_bytes=message), 2, 2)
    frame = (await peer.receive())[1]
    canaries.look_in("answer over Kafka", frame)
    return response_of(frame, SaslAuthenticateResponse, 2)[1].auth_bytes


async def wrong_kafka_logins(node: NodeProcess, canaries: Canaries) -> None:
    """Plant one in messages of each mechanism, rightly formed and malformed."""
    wrong = canaries.new("wrong credential over Kafka")
    messages = {
        "PLAIN": [f"\0alice\0{wrong}", f"\0{wrong}", wrong, f"bob\0alice\0{wrong}"],
        "OAUTHBEARER": [
            *(f"n,,\1auth=Bearer {one}\1\1" for one in (wrong, f"a.{wrong}.b", f"cauce_{wrong}")),
            *(f"n,,\1auth={wrong}\1\1", f"n,,\1{wrong}"),
        ],
        "SCRAM-SHA-512": [wrong, f"n,,n=alice,r={wrong},m=x", f"n,,n=,r={wrong}"],
    }
    for mechanism, some in messages.items():
        for message in some:
            peer = await shaken(node, mechanism)
            await said(peer, message.encode(), canaries)
            peer.close()
    client = scram_client("bob", canaries.new("wrong password of SCRAM over Kafka"))
    assert await proved(node, client, canaries) == b""


async def proved(node: NodeProcess, client: ScramAuthenticator, canaries: Canaries) -> bytes:
    """Return what is said to a proof of a password; the proof is looked for as well."""
    peer = await shaken(node, "SCRAM-SHA-256")
    first = await said(peer, client.first_message().encode(), Canaries())
    client.process_server_first_message(first.decode())
    final = client.final_message()
    canaries.add(f"proof {final[:40]}", final.rpartition("p=")[2])
    answer = await said(peer, final.encode(), canaries)
    peer.close()
    return answer


async def lent(peer: Peer, canaries: Canaries) -> bytes:
    """Return the hmac of a new delegation token."""
    peer.send(CreateDelegationTokenRequest(max_lifetime_ms=-1), 3, 3)
    made = response_of((await peer.receive())[1], CreateDelegationTokenResponse, 3)[1]
    assert made.error_code == 0
    canaries.add("hmac of a delegation token", made.hmac)
    return made.hmac


async def administration_over_kafka(node: NodeProcess, canaries: Canaries) -> None:
    """Plant some in SCRAM credentials, configs and hmacs, as the administrator."""
    peer = await shaken(node, "PLAIN")
    await said(peer, f"\0admin\0{admin_secret(node)}".encode(), canaries)
    password, salt = canaries.new("password of KIP-554"), b"salt-of-a-canary"
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    canaries.add("salted password", salted)
    wrong = canaries.new("wrong hmac").encode()
    right = await lent(peer, canaries)
    put = [
        ScramCredentialUpsertion(
            name=name, mechanism=mechanism, iterations=ITERATIONS, salt=salt, salted_password=salted
        )
        for name, mechanism in (("carol", 1), ("carol", 9), ("", 1), ("nobody", 1))
    ]
    secret = canaries.new("config that is a password")
    names = (
        "sasl.jaas.config",
        "ssl.keystore.password",
        "listener.name.x.password",
    )
    places = [(2, "t"), (4, "1"), (4, ""), (8, "1"), (2, "nowhere")]
    requests: list[tuple[object, int]] = [
        *((AlterUserScramCredentialsRequest(upsertions=[one]), 0) for one in put),
        (AlterUserScramCredentialsRequest(upsertions=put), 0),
        *((RenewDelegationTokenRequest(hmac=one, renew_period_ms=-1), 2) for one in (wrong, right)),
        *(
            (ExpireDelegationTokenRequest(hmac=one, expiry_time_period_ms=-1), 2)
            for one in (wrong, right)
        ),
    ]
    for kind, place in places:
        for name in names:
            whole = AlterableConfig(name=name, value=secret)
            whole_resource = AlterConfigsResource(
                resource_type=kind, resource_name=place, configs=[whole]
            )
            requests.append((AlterConfigsRequest(resources=[whole_resource]), 2))
            one = IncrementalAlterableConfig(name=name, config_operation=0, value=secret)
            resource = IncrementalAlterConfigsResource(
                resource_type=kind, resource_name=place, configs=[one]
            )
            requests.append((IncrementalAlterConfigsRequest(resources=[resource]), 1))
    for number, (request, version) in enumerate(requests):
        peer.send(request, version, number)
        canaries.look_in(
            f"answer over Kafka to {type(request).__name__}", (await peer.receive())[1]
        )
    peer.close()
    assert (await proved(node, scram_client("carol", password), canaries)).startswith(b"v=")

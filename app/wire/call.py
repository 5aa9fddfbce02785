"""One request as a handler sees it: who asks, in which version, and the broker behind the door.

Called by: handlers (read it), dispatch (makes it). Calls: nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from app.broker.context import BrokerContext
from app.security.principal import ANONYMOUS, Principal
from app.wire.login.login import Login
from app.wire.messages.api_versions import ApiVersion
from app.wire.meter import Meter


@dataclass(slots=True, kw_only=True)
class Client:
    """What is known of the party at the other end of a connection; it grows as it speaks."""

    host: str
    """Its address, as Kafka shows it to operators, without the port."""

    local_host: str = ""
    """The address of this node that it reached."""

    principal: Principal = ANONYMOUS
    software_name: str = ""
    """As it says of itself (KIP-511)."""

    software_version: str = ""
    meter: Meter | None = None
    """What its connection owes; None outside of one."""

    login: Login | None = None
    """How it logs in; None where clients need not."""

    broker: BrokerContext | None = None
    """The broker, whose quotas are the meter; None outside of a connection."""

    def call_itself(self, client_id: str) -> None:
        """Take note of what it calls itself from now on; quotas know clients by it."""
        self.principal = replace(self.principal, client_id=client_id)


class Call(NamedTuple):
    """One request's surroundings. A tuple: made for each request."""

    broker: BrokerContext
    client: Client
    api_version: int
    client_id: str
    """As the client calls itself; empty if it does not."""

    served: Sequence[ApiVersion]
    """The APIs of this door, for ApiVersions."""

    @property
    def principal(self) -> Principal:
        """Who is asking."""
        return self.client.principal

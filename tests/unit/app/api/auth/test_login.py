"""Who asks, by what a request shows; what keeps it out, and what it is told."""

import base64
from collections.abc import AsyncIterator
from ipaddress import ip_network
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from app.api.auth.authorization import AUTHORIZATION_BYTES_MAX
from app.api.auth.last_login import LAST_LOGIN, REMEMBERED_S, LastLogin
from app.api.auth.login import NOT_IN_CLEAR, Login, LoginRefused, anonymous_from, is_open
from app.api.auth.tickets import Tickets
from app.api.edge.addresses import ADDRESSES, Addresses
from app.cluster.security_records import ApiKeyRecord
from app.security.audit.event import Result
from app.security.audit.logins import LoginAudit
from app.security.logins.api_key import hash_of, new_key
from app.security.principal import ANONYMOUS, Principal
from app.security.tls.client_certificate import CERTIFICATE, ClientCertificate
from app.security.tokens.access_tokens import Grant
from tests.support.application import request_scope
from tests.support.security.audited import FakeAudit
from tests.support.security.login import Login as Logins
from tests.support.security.login import login as logins

PASSWORD = "correct horse"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def asked(*shown: str, client: str = "127.0.0.1", path: str = "/v3/clusters") -> Any:
    scope = request_scope("GET", path)
    scope["headers"] = [(b"authorization", one.encode("latin-1")) for one in shown]
    return scope | {"client": (client, 1)}


@pytest.fixture
async def known(tmp_path: Path) -> AsyncIterator[Logins]:
    async with logins(tmp_path) as made:
        await made.catalog.create_user(
            "alice", password_hash=await made.passwords.hash(PASSWORD), scram=[]
        )
        await made.watcher.refresh()
        yield made


async def a_key(known: Logins) -> str:
    key_id, key = new_key()
    await known.catalog.create_api_key(
        ApiKeyRecord(
            key_id=key_id,
            user="alice",
            secret_hash=hash_of(key),
            scopes=frozenset({"read"}),
            description="",
            created_at_ms=0,
            expires_at_ms=None,
            last_used_at_ms=None,
        )
    )
    await known.watcher.refresh()
    return key


def login(known: Logins, *, is_required: bool = True) -> Login:
    return Login(known.authenticator, Tickets(known.clock), is_required=is_required)


async def refusal(one: Login, scope: Any) -> LoginRefused:
    assert one.unasked(scope) is None
    with pytest.raises(LoginRefused) as caught:
        await one.principal(scope)
    return caught.value


async def test_password_logs_a_user_in_with_its_address(known: Logins) -> None:
    found = await login(known).principal(asked(basic("alice", PASSWORD)))

    assert found == Principal("alice")
    assert found.host == "127.0.0.1"
    assert found.credential is not None


async def test_key_logs_in_by_each_scheme(known: Logins) -> None:
    key = await a_key(known)
    _, key_id, secret = key.split("_", 2)
    shown = [f"Bearer {key}", f"ApiKey {key}", f"bearer {key}"]
    shown += [basic("", key), basic(key_id, key), basic(key_id, secret)]
    shown += [basic(f"cauce_{key_id}", secret)]

    for one in shown:
        found = await login(known).principal(asked(one))
        assert (found, found.scopes) == (Principal("alice"), frozenset({"read"})), one


async def test_key_shown_again_on_a_connection_is_not_judged_again_at_once(known: Logins) -> None:
    key, door = await a_key(known), login(known)
    scope = asked(f"Bearer {key}") | {LAST_LOGIN: LastLogin()}
    assert door.unasked(scope) is None
    found = await door.principal(scope)

    assert door.unasked(scope) is found
    assert door.unasked(scope | {"path": "/v3/auth/token"}) is None
    assert door.unasked(scope | {"client": ("127.0.0.2", 1)}) is None
    assert door.unasked(asked(f"Bearer {key}") | {LAST_LOGIN: LastLogin()}) is None
    twice = asked(f"Bearer {key}", f"Bearer {key}") | {LAST_LOGIN: scope[LAST_LOGIN]}
    assert (await refusal(door, twice)).status == 401
    known.clock.seconds += REMEMBERED_S
    assert door.unasked(scope) is None


async def test_key_that_was_deleted_is_refused_on_the_connection_that_showed_it(
    known: Logins,
) -> None:
    key, door = await a_key(known), login(known)
    scope = asked(f"Bearer {key}") | {LAST_LOGIN: LastLogin()}
    found = await door.principal(scope)
    assert found.credential is not None

    await known.catalog.delete_api_key(found.credential.id)
    await known.watcher.refresh()

    assert (await refusal(door, scope)).status == 401


async def test_password_and_what_was_refused_are_judged_each_time(known: Logins) -> None:
    door = login(known)
    scope = asked(basic("alice", PASSWORD)) | {LAST_LOGIN: LastLogin()}
    await door.principal(scope)
    assert door.unasked(scope) is None
    wrong = asked("Bearer x.y.z") | {LAST_LOGIN: LastLogin()}
    for _ in range(2):
        assert (await refusal(door, wrong)).status == 401


WRONG = [
    [basic("alice", "wrong")],
    [basic("nobody", PASSWORD)],
    ["Bearer eyJhbGciOiJub25lIn0.e30."],
    [f"Bearer cauce_{'0' * 16}_{'A' * 43}"],
    ["ApiKey x"],
    ["Negotiate x"],
    ["Basic ****"],
    ["Bearer x", "Bearer x"],
    ["Bearer " + "A" * AUTHORIZATION_BYTES_MAX],
    ["Bearer x\0"],
    [""],
]


async def test_what_is_wrong_is_never_anonymous(known: Logins) -> None:
    for is_required, shown in product((True, False), WRONG):
        refused = await refusal(login(known, is_required=is_required), asked(*shown))

        assert (refused.status, refused.error_code) == (401, 40101), shown
        assert [value.split()[0] for _, value in refused.headers] == ["Bearer", "Basic"]
        assert "alice" not in refused.message
        assert PASSWORD not in refused.message


async def test_what_is_wrong_is_written_down_once_and_without_what_it_held(known: Logins) -> None:
    canary = "canary7f3b9c2e"
    wrong = [
        [f"Bearer {canary}"],
        [f"ApiKey {canary}"],
        [f"Negotiate {canary}"],
        [f"Basic {canary}*"],
        [canary],
        [f"Bearer {canary}", f"Bearer {canary}"],
        [basic("alice", canary)],
        [f"Basic {base64.b64encode(canary.encode()).decode()}"],
    ]
    scopes = [asked(*shown) for shown in wrong]
    scopes.append(streamed(b"ticket=" + canary.encode()))
    for scope in scopes:
        audit = FakeAudit()
        known.authenticator.logins = LoginAudit(known.clock, audit)
        await refusal(login(known), scope)

        (event,) = audit.noted
        assert (event.result, event.host) == (Result.UNAUTHENTICATED, "127.0.0.1")
        assert canary not in repr(event)


async def test_refusals_of_a_known_and_an_unknown_user_read_the_same(known: Logins) -> None:
    one = await refusal(login(known), asked(basic("alice", "wrong")))
    other = await refusal(login(known), asked(basic("nobody", "wrong")))

    assert (one.message, one.headers) == (other.message, other.headers)


async def test_who_shows_nothing_is_anonymous_where_that_is_allowed(known: Logins) -> None:
    scope = asked(client="10.1.1.1")

    assert login(known, is_required=False).unasked(scope) == ANONYMOUS
    assert (await login(known, is_required=False).principal(scope)).host == "10.1.1.1"
    assert (await refusal(login(known), scope)).status == 401
    assert anonymous_from("10.1.1.1").host == "10.1.1.1"


@pytest.mark.parametrize(
    ("method", "path", "is_there"),
    [
        ("GET", "/livez", True),
        ("HEAD", "/readyz", True),
        ("GET", "/openapi.json", True),
        ("POST", "/livez", False),
        ("GET", "/livez/", False),
        ("GET", "//livez", False),
        ("GET", "/", False),
        ("GET", "/v3/clusters", False),
    ],
)
async def test_health_and_the_document_are_open(
    known: Logins, method: str, path: str, is_there: bool
) -> None:
    scope = request_scope(method, path)

    assert is_open(scope) is is_there
    assert (login(known).unasked(scope) == ANONYMOUS) is is_there


async def test_open_paths_do_not_take_wrong_credentials(known: Logins) -> None:
    assert (await refusal(login(known), asked("Bearer x", path="/livez"))).status == 401


async def test_password_is_not_looked_at_where_others_can_read_it(known: Logins) -> None:
    refused = await refusal(login(known), asked(basic("alice", PASSWORD), client="192.0.2.1"))
    key = await a_key(known)
    found = await login(known).principal(asked(f"Bearer {key}", client="192.0.2.1"))
    nothing = await refusal(login(known), asked(client="192.0.2.1"))

    assert (refused.status, refused.message) == (403, NOT_IN_CLEAR)
    assert found.host == "192.0.2.1"
    assert [value.split()[0] for _, value in nothing.headers] == ["Bearer"]


async def test_many_failures_are_told_when_to_come_back(known: Logins) -> None:
    for number in range(5):
        await refusal(login(known), asked(basic("alice", f"wrong {number}")))

    refused = await refusal(login(known), asked(basic("alice", PASSWORD)))

    assert (refused.status, refused.error_code) == (429, 42901)
    assert refused.message.endswith("try again in 1 s")
    assert refused.headers == (("retry-after", "1"),)


async def test_tokens_are_judged_by_who_issues_them(known: Logins) -> None:
    generation = (await known.catalog.load()).users[0].generation
    grant = Grant(user="alice", generation=generation)
    token = known.tokens.issue(grant, known.clock.now_ms()).token

    assert await login(known).principal(asked(f"Bearer {token}")) == Principal("alice")
    refused = await refusal(login(known), asked("Bearer bad"))
    assert refused.headers[0][1] == 'Bearer realm="cauce", error="invalid_token"'


def certified(*shown: str, **more: Any) -> Any:
    return asked(*shown, **more) | {CERTIFICATE: ClientCertificate("CN=bob", 2_000_000)}


@pytest.mark.parametrize("is_required", [True, False])
async def test_a_certificate_says_who_asks_where_nothing_else_does(
    known: Logins, is_required: bool
) -> None:
    one = login(known, is_required=is_required)
    assert one.unasked(certified()) is None

    found = await one.principal(certified())

    assert found == Principal("CN=bob")
    assert found.host == "127.0.0.1"
    assert await one.principal(certified(basic("alice", PASSWORD))) == Principal("alice")


async def test_a_certificate_that_is_too_old_is_refused(known: Logins) -> None:
    known.clock.seconds = 2_000

    assert (await refusal(login(known), certified())).status == 401


async def test_a_certificate_that_tls_refuses_is_written_down(known: Logins) -> None:
    audit = FakeAudit()
    known.authenticator.logins = LoginAudit(known.clock, audit)

    login(known).certificate_refused("10.0.0.9", "certificate revoked")

    (event,) = audit.noted
    assert (event.result, event.host) == (Result.UNAUTHENTICATED, "10.0.0.9")
    assert event.message == "certificate revoked"
    assert event.metadata == {"mechanism": "certificate", "identifier": ""}


async def test_a_proxy_s_certificate_is_not_that_of_who_asks(known: Logins) -> None:
    scope = certified() | {ADDRESSES: Addresses(trusted=[ip_network("127.0.0.1")])}

    assert (await refusal(login(known), scope)).status == 401


STREAM = "/v3/clusters/-/topics/t/records:stream"


def streamed(query: bytes = b"", *more: tuple[bytes, bytes]) -> Any:
    scope = asked(path=STREAM)
    scope["headers"] += [(b"host", b"here"), *more]
    return scope | {"query_string": query}


async def test_page_opens_a_stream_with_a_ticket_once(known: Logins) -> None:
    one = login(known)
    ticket = one.tickets.issue(Principal("alice", host="10.0.0.1"))

    found = await one.principal(streamed(b"from=earliest&ticket=" + ticket.encode()))

    assert (found, found.host) == (Principal("alice"), "127.0.0.1")
    for query in (b"ticket=" + ticket.encode(), b"ticket=", b"ticket=a&ticket=a"):
        assert (await refusal(one, streamed(query))).status == 401
    assert (await refusal(login(known, is_required=False), streamed(b"ticket=x"))).status == 401


async def test_tickets_open_nothing_but_streams(known: Logins) -> None:
    one = login(known)
    ticket = one.tickets.issue(Principal("alice"))
    scope = asked(path="/v3/clusters") | {"query_string": b"ticket=" + ticket.encode()}

    assert (await refusal(one, scope)).status == 401
    assert len(one.tickets) == 1


async def test_cookie_opens_a_stream_for_pages_of_ours_alone(known: Logins) -> None:
    cookie = (b"cookie", b"cauce_session=" + (await a_key(known)).encode())
    ours, others = (b"origin", b"http://here"), (b"origin", b"https://evil.example")
    elsewhere = asked(path="/v3/clusters")
    elsewhere["headers"] = [cookie, ours]

    assert await login(known).principal(streamed(b"", cookie, ours)) == Principal("alice")
    assert (await refusal(login(known), streamed(b"", cookie, others))).status == 403
    assert (await refusal(login(known), streamed(b"", cookie))).status == 403
    assert (await refusal(login(known), streamed(b"x=ticket"))).status == 401
    assert (await refusal(login(known), elsewhere)).status == 401


async def test_page_of_another_site_is_nobody_on_an_open_node(known: Logins) -> None:
    one = login(known, is_required=False)
    cross, evil = (b"sec-fetch-site", b"cross-site"), (b"origin", b"http://evil.example")
    link = (b"sec-fetch-mode", b"navigate")
    ours = (b"origin", b"http://here")

    def sent(*headers: tuple[bytes, bytes], path: str = "/v3/clusters", method: str = "GET") -> Any:
        scope = asked(path=path) | {"method": method}
        return scope | {"headers": [(b"host", b"here"), *headers]}

    for refused in (
        sent(evil),
        sent(cross),
        sent(evil, cross, method="POST"),
        sent(evil, cross, link, method="POST"),
        sent(cross, link, path="/v3/clusters/-/records:stream"),
    ):
        assert (await refusal(one, refused)).status == 403
    for let_in in (
        sent(),
        sent(ours, method="POST"),
        sent((b"sec-fetch-site", b"none")),
        sent(cross, link),
        sent(evil, cross, path="/livez"),
    ):
        found = one.unasked(let_in) or await one.principal(let_in)
        assert found == ANONYMOUS


@pytest.mark.parametrize(("mode", "count"), [("navigate", 2), ("cors", 1), ("websocket", 1)])
async def test_a_script_is_not_offered_what_its_browser_would_ask_a_person_for(
    known: Logins, mode: str, count: int
) -> None:
    scope = asked()
    scope["headers"].append((b"sec-fetch-mode", mode.encode()))

    headers = (await refusal(login(known), scope)).headers

    assert len(headers) == count
    assert ("www-authenticate", 'Bearer realm="cauce"') in headers

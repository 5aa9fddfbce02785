"""Secrets planted at the HTTP doors, rightly and wrongly."""

import base64
import socket
from typing import Any

import httpx
from aiokafka.conn import ScramAuthenticator

from tests.support.node import NodeProcess
from tests.support.security.canaries import Canaries
from tests.support.security.lasting import HERE, admin_secret

REGISTRY = "application/vnd.schemaregistry.v1+json"


class Asking:
    """Asks over HTTP, and has each answer looked through."""

    def __init__(self, node: NodeProcess, canaries: Canaries) -> None:
        """Ask a node, and have its answers looked through for these."""
        self.canaries = canaries
        self.auth = ("admin", admin_secret(node))
        self.client = httpx.Client(base_url=node.url, timeout=60)

    def __call__(
        self, method: str, path: str, *, as_admin: bool = True, **more: Any
    ) -> httpx.Response:
        """Ask, as the administrator unless told otherwise."""
        auth = self.auth if as_admin else None
        answer = self.client.request(method, path, auth=auth, **more)
        self.canaries.look_in(f"answer to {method} {path.partition('?')[0]}", answer.text)
        return answer

    def made(self, path: str, **more: Any) -> Any:
        """Ask for something whose answer is where a secret belongs."""
        answer = self.client.post(path, auth=self.auth, **more)
        assert answer.is_success, answer.text
        return answer.json()


def users_and_keys(ask: Asking) -> None:
    """Plant secrets that are right: passwords, keys, tokens; and use them."""
    canaries = ask.canaries
    password = canaries.new("password")
    assert ask("POST", f"{HERE}/users", json={"name": "alice", "password": password}).is_success
    alice = ("alice", password)
    again = canaries.new("changed password")
    for name in ("bob", "carol"):
        body = {"name": name, "password": canaries.new(f"password of {name}")}
        assert ask("POST", f"{HERE}/users", json=body).is_success
    assert ask("PATCH", f"{HERE}/users/bob", json={"password": again}).is_success
    whoami = ask.client.get("/v3/auth/whoami", auth=alice)
    assert whoami.json()["principal"] == "User:alice"
    grant = {"grant_type": "client_credentials"}
    tokens = ask.client.post("/v3/auth/token", data=grant, auth=alice).json()
    canaries.add("access token", tokens["access_token"])
    canaries.add("signature of an access token", tokens["access_token"].split(".")[2])
    canaries.add("refresh token", tokens["refresh_token"])
    shown = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert ask("GET", "/v3/auth/whoami", as_admin=False, headers=shown).is_success
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    after = ask.client.post("/v3/auth/token", data=refresh).json()
    canaries.add("second refresh token", after["refresh_token"])
    assert ask("POST", "/v3/auth/token", as_admin=False, data=refresh).status_code == 400
    made = ask.made(f"{HERE}/api-keys", json={"user": "alice"})
    canaries.add("API key", made["key"].split("_", 2)[2])
    key = {"Authorization": f"ApiKey {made['key']}"}
    assert ask("GET", "/v3/auth/whoami", as_admin=False, headers=key).is_success
    assert ask("DELETE", f"{HERE}/api-keys/{made['key']}").status_code == 404
    assert ask("DELETE", f"{HERE}/api-keys/{made['key_id']}").is_success
    lent = ask.made(f"{HERE}/delegation-tokens", json={})
    canaries.add("delegation token", lent["secret"])
    canaries.add("delegation token's hmac", base64.b64decode(lent["secret"]))
    canaries.add("ticket", ask.made("/v3/auth/ticket")["ticket"])


def wrong_bodies(ask: Asking) -> None:
    """Plant one where bodies are malformed, or say more than they may."""
    canaries = ask.canaries
    wrong = canaries.new("value of a wrong body")
    for path in (f"{HERE}/users", f"{HERE}/api-keys", "/v3/auth/token", "/v3/auth/revoke"):
        for body in (
            {"name": "dave", "password": "correct horse", "more": wrong},
            {"name": "dave", "password": [wrong]},
            {"name": "dave", "password": {"password": wrong}},
            {"user": "alice", "scopes": [wrong]},
            {"grant_type": "client_credentials", "client_id": "alice", "client_secret": wrong},
            {"grant_type": "refresh_token", "refresh_token": wrong},
            {"token": wrong},
        ):
            ask("POST", path, as_admin="users" in path, json=body)
            form = {name: str(value) for name, value in body.items()}
            ask("POST", path, as_admin="users" in path, data=form)
        broken = f'{{"password": "{wrong}'
        ask("POST", path, content=broken, headers={"content-type": "application/json"})


def wrong_headers(ask: Asking, node: NodeProcess) -> None:
    """Plant one in headers, cookies, queries and addresses that are wrong."""
    canaries = ask.canaries
    wrong = canaries.new("wrong credential")
    values = ["", f"{wrong} {wrong}", wrong, f"Basic {wrong}", "Basic Og==", f"Digest a={wrong}"]
    values += [
        f"{kind} {wrong}{end}" for kind in ("Bearer", "ApiKey") for end in ("", " x", ",", "==")
    ]
    values += [
        f"Bearer cauce_{'0' * 16}_{wrong}",
        f"Bearer eyJhbGciOiJub25lIn0.{wrong}.",
        f"Bearer x{wrong * 400}",
    ]
    paths = [f"{HERE}/topics", "/topics", "/subjects", "/v3/auth/whoami", "/v3/auth/token"]
    for path in paths:
        for value in values:
            ask("GET", path, as_admin=False, headers={"Authorization": value})
        ask("GET", path, as_admin=False, headers={"Proxy-Authorization": f"Basic {wrong}"})
        ask("GET", path, as_admin=False, headers={"Cookie": f"cauce_session={wrong}"})
        ask.client.auth = None
        canaries.look_in("answer", ask.client.get(path, auth=("alice", wrong)).text)
        for name in ("access_token", "ticket", "api_key", "password"):
            ask("GET", f"{path}?{name}={wrong}")
            ask("GET", f"{path}?{name}={wrong}", as_admin=False)
    stream = f"{HERE}/topics/t/records:stream"
    ask("GET", f"{stream}?ticket={wrong}", as_admin=False)
    ask("GET", stream, as_admin=False, headers={"Cookie": f"cauce_session={wrong}"})
    for target in (
        f"http://alice:{wrong}@127.0.0.1/v3/clusters",
        f"alice:{wrong}@127.0.0.1",
        wrong,
    ):
        for line in (f"GET {target} HTTP/1.1\r\nHost: h", f"GET / HTTP/1.1\r\nHost: {target}"):
            with socket.create_connection(("127.0.0.1", node.port), timeout=20) as client:
                client.sendall(f"{line}\r\nConnection: close\r\n\r\n".encode())
                canaries.look_in("answer to a raw request", client.makefile("rb").read())


def wrong_proof_over_http(ask: Asking) -> None:
    """Plant a wrong password in the two calls of SCRAM."""
    password = ask.canaries.new("wrong password of SCRAM over HTTP")
    client = scram_client("carol", password)
    grant = {"grant_type": "urn:cauce:grant-type:scram", "message": client.first_message()}
    first = ask("POST", "/v3/auth/token", as_admin=False, data=grant).json()
    client.process_server_first_message(first["message"])
    final = client.final_message()
    ask.canaries.add("wrong proof over HTTP", final.rpartition("p=")[2])
    grant |= {"exchange": first["exchange"], "message": final}
    assert ask("POST", "/v3/auth/token", as_admin=False, data=grant).status_code == 400
    for message in (ask.canaries.new("SCRAM message that is none"), "n,,n=alice,r="):
        ask("POST", "/v3/auth/token", as_admin=False, data=grant | {"message": message})
        del grant["exchange"]
        ask("POST", "/v3/auth/token", as_admin=False, data=grant | {"message": message})
        grant["exchange"] = message


def scram_client(user: str, password: str) -> ScramAuthenticator:
    """Return a client that proves to know a password."""
    return ScramAuthenticator(
        loop=None,
        sasl_plain_password=password,
        sasl_plain_username=user,
        sasl_mechanism="SCRAM-SHA-256",
    )


def configs_and_contracts(ask: Asking) -> None:
    """Plant some in configs that are passwords elsewhere, and in a schema's contract."""
    canaries = ask.canaries
    secret = canaries.new("config that is a password, over REST")
    for place in (
        f"{HERE}/topics/t/configs",
        f"{HERE}/brokers/1/configs",
        f"{HERE}/broker-configs",
    ):
        for name in ("sasl.jaas.config", "ssl.key.password"):
            ask("PUT", f"{place}/{name}", json={"value": secret})
            body = {"data": [{"name": name, "value": secret}]}
            ask("POST", f"{place}:alter", json=body)
    topic = {"topic_name": "u", "configs": [{"name": "ssl.key.password", "value": secret}]}
    ask("POST", f"{HERE}/topics", json=topic)
    sensitive = canaries.new("sensitive property of a schema")
    of_rule = canaries.new("parameter of a rule")
    rule = {
        "name": "hide",
        "kind": "TRANSFORM",
        "type": "ENCRYPT",
        "mode": "WRITEREAD",
        "tags": ["PII"],
        "params": {"encrypt.kms.key.secret": of_rule},
    }
    schema = {
        "schema": '{"type":"record","name":"R","fields":[]}',
        "metadata": {"properties": {"password": sensitive}, "sensitive": ["password"]},
        "ruleSet": {"domainRules": [rule]},
    }
    headers = {"content-type": REGISTRY}
    ask.made("/subjects/s/versions", json=schema, headers=headers)
    for wrong in (
        {**schema, "ruleSet": {"domainRules": [{**rule, "kind": "NONE"}]}},
        {**schema, "ruleSet": {"domainRules": [{**rule, "params": [of_rule]}]}},
        {**schema, "metadata": {"properties": {"password": [sensitive]}}},
        {**schema, "metadata": sensitive, "ruleSet": of_rule},
        {**schema, "schema": "{"},
    ):
        answer = ask("POST", "/subjects/s/versions", json=wrong, headers=headers)
        assert answer.status_code in (400, 422), answer.text

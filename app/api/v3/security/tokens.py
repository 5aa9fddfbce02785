"""REST v3: tokens, in OAuth 2's words, and who one is.

The request is the login here, so these routes look at credentials themselves, and refuse in RFC
6749's shape. Nothing is given out, or looked at, where others can read it (RFC 6749, 3.2).
Source: RFC 6749 (2.3.1, 4.4, 5, 6), RFC 7009, RFC 7804 (SCRAM over HTTP, whose messages these are).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from fastapi import APIRouter, Request, Response

from app.api.auth.authorization import Basic, MalformedAuthorization, read_authorization
from app.api.auth.login import BASIC, BEARER
from app.api.auth.peer import Peer, peer_of
from app.api.dependencies import Asking, Context, get_context
from app.api.errors import ApiError
from app.api.request_body import ClientLeft, Scope, header, read_body
from app.api.v3.responses import errors
from app.api.v3.security.token_models import (
    SCRAM_GRANT,
    RevokeRequest,
    TokenAnswer,
    TokenError,
    TokenRequest,
    WhoAmI,
)
from app.broker.metadata_errors import translating_catalog_errors
from app.broker.security.changes import translating_audit_errors
from app.security.grants import GrantRefused, Grants, Issued, scopes_of
from app.security.logins.scram_keys import SCRAM_SHA_256

BODY_BYTES_MAX = 16 * 1024
FORM = b"application/x-www-form-urlencoded"
FIELDS_MAX = 20

router = APIRouter(tags=["Token"], responses=errors())


def _takes(model: type) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    kinds = ("application/json", FORM.decode())
    return {
        "requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}
    }


_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": TokenError, "description": "The request, or what it shows, is not good."},
    401: {"model": TokenError, "description": "Who asks did not show who it is."},
    429: {"model": TokenError, "description": "Too many logins, or a quota is used up."},
}


@router.post(
    "/v3/auth/token",
    operation_id="createCauceToken",
    response_model=TokenAnswer,
    response_model_exclude_none=True,
    responses={**errors(), **_REFUSALS},
    openapi_extra=_takes(TokenRequest),
)
async def token(request: Request) -> Response:
    """Get an access token for a password, an API key, a refresh token or a SCRAM proof."""
    get_context(request)
    grants: Grants = request.app.state.grants
    peer = peer_of(request.scope)
    try:
        _require_private(peer)
        fields = await _fields(request)
        with translating_catalog_errors():
            answer = await _granted(grants, request, fields, peer)
    except GrantRefused as refused:
        return _refusal(refused, request.scope, peer)
    return _answer(200, answer)


@router.post(
    "/v3/auth/revoke",
    operation_id="revokeCauceToken",
    response_class=Response,
    responses={**errors(), **_REFUSALS, 200: {"description": "It is good no more, if it was."}},
    openapi_extra=_takes(RevokeRequest),
)
async def revoke(request: Request) -> Response:
    """Revoke a token; whoever has it may."""
    get_context(request)
    grants: Grants = request.app.state.grants
    peer = peer_of(request.scope)
    try:
        _require_private(peer)
        fields = await _fields(request)
        with translating_catalog_errors(), translating_audit_errors():
            await grants.revoke(_required(fields, "token"), peer.host)
    except GrantRefused as refused:
        return _refusal(refused, request.scope, peer)
    return Response(status_code=200, headers={"Cache-Control": "no-store"})


@router.get("/v3/auth/whoami", operation_id="getCauceWhoAmI")
async def who_am_i(_context: Context, asking: Asking, response: Response) -> WhoAmI:
    """Say who asks, and by what."""
    response.headers["Cache-Control"] = "no-store"
    credential = asking.credential
    return WhoAmI(
        principal=str(asking),
        host=asking.host,
        credential=None if credential is None else credential.kind.value,
        scopes=None if asking.scopes is None else sorted(asking.scopes),
        expires_at_ms=asking.expires_at_ms,
    )


async def _granted(
    grants: Grants, request: Request, fields: Mapping[str, str], peer: Peer
) -> dict[str, Any]:
    kind, scopes = _required(fields, "grant_type"), scopes_of(fields)
    if kind == "client_credentials":
        try:
            name, secret = _client(request, fields)
        except MalformedAuthorization as error:
            raise grants.unreadable(peer.host, str(error)) from None
        return _tokens(await grants.log_in(name, secret, peer.host, scopes))
    if kind == "refresh_token":
        shown = _required(fields, "refresh_token")
        return _tokens(await grants.refresh(shown, peer.host, scopes))
    if kind != SCRAM_GRANT:
        raise GrantRefused("unsupported_grant_type", "there is no such grant here")
    message = _required(fields, "message").encode()
    if "exchange" not in fields:
        mechanism = fields.get("mechanism", SCRAM_SHA_256)
        exchange, said = grants.begin_scram(mechanism, message, peer.host)
        return {"exchange": exchange, "message": said.decode()}
    issued, said = await grants.end_scram(fields["exchange"], message, peer.host, scopes)
    return {**_tokens(issued), "message": said.decode()}


def _client(request: Request, fields: Mapping[str, str]) -> tuple[str, str]:
    """Return the user and password that are shown, in the header or in the body.

    Raises:
        MalformedAuthorization: The header does not read.
        GrantRefused: They are not shown, or twice.
    """
    shown = read_authorization(request.scope["headers"])
    in_body = "client_secret" in fields
    if shown is None and in_body:
        return fields.get("client_id", ""), fields["client_secret"]
    if not isinstance(shown, Basic):
        raise GrantRefused("invalid_client", "show a user and a password, or an API key, by Basic")
    if in_body or fields.get("client_id", shown.user) != shown.user:
        raise GrantRefused("invalid_request", "credentials are shown once (RFC 6749, 2.3)")
    return shown.user, shown.password


def _tokens(issued: Issued) -> dict[str, Any]:
    found: dict[str, Any] = {
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in_s,
    }
    if issued.scopes is not None:
        found["scope"] = " ".join(sorted(issued.scopes))
    if issued.refresh_token is not None:
        found["refresh_token"] = issued.refresh_token
    return found


def _require_private(peer: Peer) -> None:
    if not peer.is_private:
        raise GrantRefused("invalid_request", "tokens are given over TLS or on loopback alone")


def _required(fields: Mapping[str, str], name: str) -> str:
    if not fields.get(name):
        raise GrantRefused("invalid_request", f"{name} is missing")
    return fields[name]


async def _fields(request: Request) -> dict[str, str]:
    """Return what the body says; each name once, each value a text.

    Raises:
        GrantRefused: It does not read.
        ApiError: It is too large.
    """
    kind = header(request.scope, b"content-type").split(b";")[0].strip().lower()
    try:
        body = await read_body(request.scope, request.receive, BODY_BYTES_MAX)
        if kind == FORM:
            pairs = parse_qsl(
                body.decode(), keep_blank_values=True, strict_parsing=bool(body),
                errors="strict", max_num_fields=FIELDS_MAX,
            )  # fmt: skip
            return _unique(pairs)
        if kind != b"application/json":
            raise GrantRefused("invalid_request", "send a form, or JSON")
        return msgspec.json.decode(body, type=dict[str, str])
    except ApiError as error:
        if error.status == 413:
            raise
        raise GrantRefused("invalid_request", error.message) from None
    except ClientLeft:
        raise GrantRefused("invalid_request", "the body ended early") from None
    except (ValueError, RecursionError):  # msgspec's errors and those of UTF-8 are ValueErrors
        raise GrantRefused("invalid_request", "the body does not read") from None


def _unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise GrantRefused("invalid_request", "a parameter stands twice (RFC 6749, 3.2)")
    return found


def _refusal(refused: GrantRefused, scope: Scope, peer: Peer) -> Response:
    """Return the answer; who tried Basic is told of it (RFC 6749, 5.2), a script's form is not."""
    headers = {}
    status = 400
    if refused.retry_after_s is not None:
        status = 429
        headers["Retry-After"] = str(max(1, round(refused.retry_after_s + 0.5)))
    elif refused.error == "invalid_client":
        status = 401
        is_form = peer.is_script and not header(scope, b"authorization")
        headers["WWW-Authenticate"] = BEARER if is_form else BASIC
    answer = _answer(status, {"error": refused.error, "error_description": str(refused)})
    answer.headers.update(headers)
    return answer


def _answer(status: int, found: Mapping[str, Any]) -> Response:
    return Response(
        msgspec.json.encode(found),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
    )

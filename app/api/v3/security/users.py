"""REST v3: users. A password goes in and never comes out."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.api.dependencies import Asking, Cluster, Context, Linking, Links
from app.api.errors import ApiError
from app.api.v3.models import ListMetadata
from app.api.v3.responses import errors
from app.api.v3.security.user_models import (
    AlterUserRequest,
    CreateUserRequest,
    SelfMetadata,
    UserData,
    UserDataList,
)
from app.broker.security.users import (
    User,
    alter_user,
    create_user,
    delete_user,
    describe_user,
    list_users,
)

router = APIRouter(tags=["User"], responses=errors())
_USERS = "/v3/clusters/{cluster_id}/users"
_USER = f"{_USERS}/{{user_name}}"
UserName = Annotated[str, Path(description="The user's name.", max_length=255)]


@router.get(_USERS, operation_id="listCauceUsers")
async def list_all(
    context: Context, asking: Asking, cluster: Cluster, links: Linking
) -> UserDataList:
    """List the users."""
    found = list_users(context, asking)
    return UserDataList(
        metadata=ListMetadata(self=links.url("users"), next=None),
        data=[_data(links, cluster, one) for one in found],
    )


@router.post(
    _USERS, operation_id="createCauceUser", status_code=201, responses=errors(409, 415, 422)
)
async def create(
    context: Context, asking: Asking, cluster: Cluster, links: Linking, wanted: CreateUserRequest
) -> UserData:
    """Create a user."""
    password = None if wanted.password is None else wanted.password.get_secret_value()
    made = await create_user(context, asking, wanted.name, password)
    return _data(links, cluster, made)


@router.get(_USER, operation_id="getCauceUser")
async def get(
    context: Context, asking: Asking, cluster: Cluster, links: Linking, user_name: UserName
) -> UserData:
    """Describe a user."""
    found = describe_user(context, asking, user_name)
    if found is None:
        raise ApiError(404, 40403, "There is no such user.")
    return _data(links, cluster, found)


@router.patch(
    _USER,
    operation_id="alterCauceUser",
    status_code=204,
    response_class=Response,
    responses=errors(415, 422),
)
async def alter(
    context: Context,
    asking: Asking,
    _cluster: Cluster,
    user_name: UserName,
    wanted: AlterUserRequest,
) -> None:
    """Give a user another password; what logged in with the old one is cut."""
    await alter_user(context, asking, user_name, wanted.password.get_secret_value())


@router.delete(_USER, operation_id="deleteCauceUser", status_code=204, response_class=Response)
async def delete(context: Context, asking: Asking, _cluster: Cluster, user_name: UserName) -> None:
    """Delete a user with its keys; what logged in as it is cut."""
    await delete_user(context, asking, user_name)


def _data(links: Links, cluster: str, user: User) -> UserData:
    return UserData(
        metadata=SelfMetadata(self=links.url("users", user.name)),
        cluster_id=cluster,
        name=user.name,
        has_password=user.has_password,
        scram_mechanisms=list(user.scram_mechanisms),
        created_at_ms=user.created_at_ms,
    )

"""All that this door serves, from the modules beside this one."""

from app.wire.handlers import (
    acls,
    api_versions,
    configs,
    consumer_groups,
    fetch,
    group_admin,
    group_membership,
    group_offsets,
    log_dirs,
    metadata,
    offsets,
    produce,
    producers,
    sasl,
    topics,
)
from app.wire.handlers.security import delegation_tokens, quotas, scram

SERVED = (
    *acls.SERVED,
    *api_versions.SERVED,
    *configs.SERVED,
    *consumer_groups.SERVED,
    *delegation_tokens.SERVED,
    *fetch.SERVED,
    *group_admin.SERVED,
    *group_membership.SERVED,
    *group_offsets.SERVED,
    *log_dirs.SERVED,
    *metadata.SERVED,
    *offsets.SERVED,
    *produce.SERVED,
    *producers.SERVED,
    *quotas.SERVED,
    *sasl.SERVED,
    *scram.SERVED,
    *topics.SERVED,
)

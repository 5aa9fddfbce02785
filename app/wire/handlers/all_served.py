"""All that this door serves, from the modules beside this one."""

from app.wire.handlers import api_versions

SERVED = (*api_versions.SERVED,)

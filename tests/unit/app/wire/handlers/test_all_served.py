import importlib
import pkgutil

import app.wire.handlers
from app.wire.handlers.all_served import SERVED
from app.wire.registry import Registry


def test_every_module_s_apis_are_served() -> None:
    declared = []
    for module in pkgutil.walk_packages(app.wire.handlers.__path__, "app.wire.handlers."):
        if not module.name.endswith(".all_served"):
            found = importlib.import_module(module.name)
            declared += getattr(found, "SERVED", ())

    assert {one.api.key for one in SERVED} == {one.api.key for one in declared}
    assert len(Registry(SERVED).advertised) == len(declared)

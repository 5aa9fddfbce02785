"""A listener is what doors implement: its methods are those that sessions call."""

import inspect

from app.consumers.listener import Listener


def test_only_revoking_may_wait_and_it_is_told_how_long() -> None:
    methods = {
        name: inspect.iscoroutinefunction(one)
        for name, one in vars(Listener).items()
        if inspect.isfunction(one) and not name.startswith("_")
    }

    assert methods == {"assigned": False, "revoking": True, "revoked": False, "lost": False}
    assert "wait_seconds" in inspect.signature(Listener.revoking).parameters

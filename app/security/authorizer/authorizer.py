"""The authorizer of a node that asks: super users, scopes, access control lists.

It answers from memory: a decision is remembered until another set of rules comes, so that asking
again is one look-up. Until the first set has come everything is denied.
Called by: every verb. Fed by: the wiring, with each new security image.
"""

from collections.abc import Collection, Hashable

from app.security.acls import Acl, Decision, Ground, Operation, Permission, Resource, ResourceType
from app.security.authorizer.index import AclIndex
from app.security.authorizer.scopes import covers
from app.security.principal import Principal

REMEMBERED_MAX = 100_000
"""Decisions remembered at a time; a client that asks for endless names costs no more than these."""


NAME_CHARS_REMEMBERED_MAX = 255
"""As long as a rule's may be. Clients may ask for names that are a hundred times as long."""


class AclAuthorizer:
    """Decides by access control lists; what none allows is denied."""

    def __init__(self, super_users: Collection[str] = ()) -> None:
        """Begin without rules: everything is denied.

        Args:
            super_users: Who may do everything, as ``User:admin``.
        """
        self._super_users = frozenset(super_users)
        self._acls: frozenset[Acl] | None = None
        self._index: AclIndex | None = None
        self._remembered: dict[Hashable, bool] = {}

    @property
    def remembered(self) -> int:
        """How many decisions are remembered."""
        return len(self._remembered)

    def load(self, acls: Collection[Acl]) -> None:
        """Take these rules in place of those that held until now."""
        found = frozenset(acls)
        if found != self._acls:
            self._index = AclIndex(found)
            self._acls = found
            self._remembered = {}

    def authorize(self, principal: Principal, operation: Operation, resource: Resource) -> bool:
        """Return whether the principal may."""
        # not the principal itself: those of other hosts and scopes are equal to it
        key = (
            principal.kind,
            principal.name,
            principal.host,
            principal.scopes,
            operation,
            resource,
        )
        remembered = self._remembered.get(key)
        if remembered is None:
            remembered = self.explain(principal, operation, resource).is_allowed
            if len(resource.name) <= NAME_CHARS_REMEMBERED_MAX:
                self._remember(key, remembered)
        return remembered

    def authorize_any(self, principal: Principal, operation: Operation, kind: ResourceType) -> bool:
        """Return whether the principal may do it to at least one resource of the kind."""
        key = (principal.kind, principal.name, principal.host, principal.scopes, operation, kind)
        remembered = self._remembered.get(key)
        if remembered is None:
            remembered = self._may_any(principal, operation, kind)
            self._remember(key, remembered)
        return remembered

    def explain(self, principal: Principal, operation: Operation, resource: Resource) -> Decision:
        """Return whether the principal may, and what decides."""
        if self._index is None:
            return Decision(is_allowed=False, ground=Ground.NOT_LOADED)
        settled = self._without_rules(principal, operation)
        if settled is not None:
            return settled
        acl = self._index.decide(str(principal), principal.host, operation, resource)
        if acl is None:
            return Decision(is_allowed=False, ground=Ground.NO_ACL)
        return Decision(acl.permission is Permission.ALLOW, Ground.ACL, acl)

    def _may_any(self, principal: Principal, operation: Operation, kind: ResourceType) -> bool:
        if self._index is None:
            return False
        settled = self._without_rules(principal, operation)
        if settled is not None:
            return settled.is_allowed
        return self._index.allows_any(str(principal), principal.host, operation, kind)

    def _without_rules(self, principal: Principal, operation: Operation) -> Decision | None:
        """Return the decision where the rules need not be asked, else None."""
        if not covers(principal.scopes, operation):
            return Decision(is_allowed=False, ground=Ground.SCOPE)
        if str(principal) in self._super_users:
            return Decision(is_allowed=True, ground=Ground.SUPER_USER)
        return None

    def _remember(self, key: Hashable, allowed: bool) -> None:
        if len(self._remembered) >= REMEMBERED_MAX:
            self._remembered = {}
        self._remembered[key] = allowed

"""The recovery code: given with the first association, good for one use, and replaced by a new one; pure state."""

from dataclasses import replace
from hmac import compare_digest

from auth0_mfa_lab.sandbox.records import Authenticator, Login
from auth0_mfa_lab.sandbox.tenant import Tenant


class Recovery:
    """The recovery codes of one tenant, while its factor is on; it keeps nothing of its own."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def first(self, login: Login, *entries: Authenticator) -> str | None:
        """List what an association begins, and give the code that comes with a user's first one (reference, 3.2)."""
        tenant, user_id = self._tenant, login.request.user_id
        now = tenant.clock.now()
        needed = self.comes_along(user_id)
        tenant.authenticators.add(user_id, *(replace(entry, created_at=now) for entry in entries))
        kept = (one for one in login.begun if tenant.authenticators.get(user_id, one))
        login.begun = [*kept, *(entry.id for entry in entries)]
        if not needed:
            return None
        code = tenant.chance.recovery_code()
        entry = Authenticator(
            id=f"recovery-code|{tenant.chance.device_id()}", kind="recovery-code", secret=code, created_at=now
        )
        tenant.authenticators.add(user_id, entry)
        return code

    def comes_along(self, user_id: str) -> bool:
        """Tell whether a user's next association brings a recovery code."""
        return self.is_on and self._tenant.authenticators.needs_recovery_code(user_id)

    @property
    def is_on(self) -> bool:
        return "recovery-code" in self._tenant.settings.factors

    def of(self, user_id: str) -> Authenticator | None:
        """Return the entry of a user's code, once a factor is confirmed."""
        if not self.is_on:
            return None
        return next(iter(self._tenant.authenticators.active_kind(user_id, "recovery-code")), None)

    def use(self, user_id: str, entry: Authenticator, code: str) -> str | None:
        """Return the code that takes the place of the one that was used, or None when it is wrong."""
        if not compare_digest((entry.secret or "").encode(), code.encode()):
            return None
        fresh = self._tenant.codes.recovery_code()
        self._tenant.authenticators.rotate(user_id, entry.id, fresh)
        return fresh

"""What can only be looked up: opaque access tokens, refresh tokens, used assertions; a bounded memory."""

from collections import OrderedDict
from typing import Generic, TypeVar

from auth0_mfa_lab.sandbox.records import Request

KEPT = 10_000
"""How many of a kind are remembered; the oldest are forgotten first, as if they had been revoked."""
Value = TypeVar("Value")


class Bounded(Generic[Value]):
    """A dictionary that forgets its oldest entry for each one above its bound."""

    def __init__(self, bound: int = KEPT) -> None:
        self._bound = bound
        self._values: OrderedDict[str, Value] = OrderedDict()

    def put(self, key: str, value: Value) -> None:
        self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > self._bound:
            self._values.popitem(last=False)

    def get(self, key: str) -> Value | None:
        return self._values.get(key)

    def drop(self, key: str) -> None:
        self._values.pop(key, None)

    def __len__(self) -> int:
        return len(self._values)


class Issued:
    """The opaque tokens of one tenant, by their text."""

    def __init__(self) -> None:
        self._access: Bounded[tuple[Request, float]] = Bounded()
        self._refresh: Bounded[Request] = Bounded()
        self._assertions: Bounded[bool] = Bounded()

    def keep_access(self, token: str, request: Request, expires: float) -> None:
        self._access.put(token, (request, expires))

    def access(self, token: str, now: float) -> Request | None:
        """Return the request that an opaque access token answers, while the token lives."""
        found = self._access.get(token)
        return found[0] if found and now < found[1] else None

    def keep_refresh(self, token: str, request: Request) -> None:
        self._refresh.put(token, request)

    def refresh(self, token: str) -> Request | None:
        """Return the original request behind a refresh token that is neither used nor revoked."""
        return self._refresh.get(token)

    def revoke(self, token: str) -> None:
        self._refresh.drop(token)

    def use_assertion(self, name: str) -> bool:
        """Use up an application's assertion by its name; False when it was used before."""
        is_new = self._assertions.get(name) is None
        self._assertions.put(name, True)
        return is_new

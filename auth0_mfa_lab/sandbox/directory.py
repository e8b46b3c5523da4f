"""Who is in a tenant: its users by id and by name, and in which of their lives each one is; pure state."""

import hmac
from dataclasses import replace
from itertools import count

from auth0_mfa_lab.sandbox.records import Request, User


class Directory:
    """The users of one tenant, found by key; `first_life` is that of whoever is added."""

    def __init__(self, *, first_life: int = 0) -> None:
        self.users: dict[str, User] = {}
        self.connections: set[str] = set()
        self.newcomers: dict[str, None] = {}
        self._by_name: dict[tuple[str, str], User] = {}
        self._first_life = first_life
        self._lives = count(first_life + 1)

    def add(self, user: User) -> None:
        """Add a user who has a password; that makes the connection one that has passwords."""
        user = replace(user, life=self._first_life)
        self.connections.add(user.connection)
        self.users[user.user_id] = self._by_name[user.connection, user.username.lower()] = user

    def add_newcomer(self, user: User) -> None:
        """Add a user who came without a password, and may have been here before: in a life of their own."""
        self.users[user.user_id] = replace(user, life=self.next_life())
        self.newcomers[user.user_id] = None

    def oldest_newcomer(self) -> User:
        """Return who came first of those that came without a password."""
        return self.users[next(iter(self.newcomers))]

    def change(self, user: User) -> None:
        """Put a changed user in the place of the one who was; connection and name are the same."""
        self.users[user.user_id] = user
        if self.has(user.connection, user.username):
            self._by_name[user.connection, user.username.lower()] = user

    def remove(self, user: User) -> None:
        self.users.pop(user.user_id, None)
        self.newcomers.pop(user.user_id, None)
        self._by_name.pop((user.connection, user.username.lower()), None)

    def has(self, connection: str, username: str) -> bool:
        """Tell whether a connection with passwords has a user of this name."""
        return (connection, username.lower()) in self._by_name

    def authenticate(self, connection: str, username: str, password: str) -> User | None:
        """Return the user of this connection with this name and this password."""
        user = self._by_name.get((connection, username.lower()))
        if user is None or not hmac.compare_digest(user.password.encode(), password.encode()):
            return None
        return user

    def next_life(self) -> int:
        """Return the number of a life that nobody has had."""
        return next(self._lives)

    def begin_life(self, user_id: str) -> None:
        """Begin another life of a user: what was issued in the one before is nobody's."""
        self.change(replace(self.users[user_id], life=self.next_life()))

    def is_current(self, request: Request) -> bool:
        """Tell whether what was issued for this request is its user's still: there, and in the same life."""
        user = self.users.get(request.user_id)
        return user is not None and user.life == request.life

    def of_now(self, request: Request) -> Request:
        """Return a request as one of its user's life of now."""
        return replace(request, life=self.users[request.user_id].life)

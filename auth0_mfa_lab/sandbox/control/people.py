"""The control plane's users and applications, and what is left of a user's limits."""

from collections.abc import Sequence
from dataclasses import asdict, replace

import httpx

from auth0_mfa_lab.sandbox import Phone, Sandbox
from auth0_mfa_lab.sandbox.control.calls import BadField, Call, Endpoint, Refusal, Reply, Unknown
from auth0_mfa_lab.sandbox.defaults import USER_GRANTS
from auth0_mfa_lab.sandbox.forgetting import remove_user, users_called
from auth0_mfa_lab.sandbox.mfa.authenticators import E164
from auth0_mfa_lab.sandbox.preparing import FACTORS
from auth0_mfa_lab.sandbox.records import Client, User

LONGEST_NAME = 128


class People:
    """Users and applications beside the default ones."""

    def __init__(self, sandbox: Sandbox, phone: Phone, transport: httpx.BaseTransport) -> None:
        self._sandbox = sandbox
        self._phone = phone
        self._transport = transport
        self._chance = sandbox.chance.fork("control")

    def endpoints(self) -> Sequence[Endpoint]:
        return (
            Endpoint(method="GET", path="users", answer=self.users),
            Endpoint(method="POST", path="users", answer=self.add_user, makes_keys=True),
            Endpoint(method="DELETE", path="users/{user}", answer=self.delete_user),
            Endpoint(method="GET", path="clients", answer=self.clients),
            Endpoint(method="POST", path="clients", answer=self.add_client),
            Endpoint(method="GET", path="limits", answer=self.limits),
        )

    def users(self, call: Call) -> Reply:
        call.asked()
        return Reply(body={"users": [self._shown(user) for user in self._sandbox.tenant.users.values()]})

    def add_user(self, call: Call) -> Reply:
        """Add a user with these factors, confirmed; the phone beside the server has their push and their codes."""
        given = call.fields("factors", "username", "phone_number", "email")
        factors = given.texts("factors", choices=FACTORS) or ()
        names = {name: given.text(name) for name in ("username", "phone_number", "email")}
        number, email = names["phone_number"], names["email"]
        if number is not None and not E164.fullmatch(number):
            raise BadField("phone_number", "in E.164 form, such as +15550100")
        if email is not None and "@" not in email:
            raise BadField("email", "an email address")
        if any(name is not None and not 0 < len(name) <= LONGEST_NAME for name in names.values()):
            raise BadField("username", f"1 to {LONGEST_NAME} characters long")
        try:
            user = self._sandbox.add_user(
                factors=tuple(dict.fromkeys(factors)), phone=self._phone, transport=self._transport, **names
            )
        except ValueError as problem:
            raise Refusal(409, "conflict", str(problem)) from None
        secrets = {"password": user.password, "recovery_code": user.recovery_code}
        return Reply(status=201, body={**self._shown(user), **secrets, "factors": list(factors)})

    def delete_user(self, call: Call) -> Reply:
        user = self._sandbox.tenant.users.get(call.path["user"])
        if user is None:
            raise Unknown("There is no user with this id.")
        remove_user(self._sandbox.tenant, user, self._phone)
        return Reply(status=204)

    def clients(self, call: Call) -> Reply:
        call.asked()
        return Reply(body={"clients": [_shown_client(one) for one in self._sandbox.tenant.clients.values()]})

    def add_client(self, call: Call) -> Reply:
        """Add an application; it has the grants of the default ones unless some are named."""
        given = call.fields("name", "public", "grants")
        is_public = given.flag("public")
        default = self._sandbox.tenant.clients[self._sandbox.defaults.client_id]
        every = (*sorted(USER_GRANTS), "client_credentials")
        client = Client(
            client_id=self._chance.alnum(32),
            client_secret=None if is_public else self._chance.base64url(64),
            name=given.text("name") or ("Public application" if is_public else "Application"),
            grants=frozenset(given.texts("grants", choices=every) or (USER_GRANTS if is_public else every)),
            apis={} if is_public else default.apis,
        )
        self._sandbox.tenant.add_client(client)
        secret = {} if is_public else {"client_secret": client.client_secret}
        return Reply(status=201, body={**_shown_client(client), **secret})

    def limits(self, call: Call) -> Reply:
        """Return what is left of each limit of a user."""
        name = call.asked("user").required("user")
        users = users_called(self._sandbox.tenant, name)
        if not users:
            raise Unknown(f"There is no user {name}.")
        rows = self._sandbox.limits(users[0].user_id, ip=call.caller)
        return Reply(body={"user_id": users[0].user_id, "limits": [asdict(row) for row in rows]})

    def _shown(self, user: User) -> dict[str, object]:
        kinds = dict.fromkeys(one.kind for one in self._sandbox.tenant.authenticators.active_of(user.user_id))
        shown = replace(user, password="", recovery_code=None)
        names = ("user_id", "username", "phone_number", "email", "connection")
        return {**{name: getattr(shown, name) for name in names}, "factors": list(kinds)}


def _shown_client(client: Client) -> dict[str, object]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "public": client.client_secret is None,
        "grants": sorted(client.grants),
    }

"""The Management API for one access token: one method per path and verb; each returns the Exchange."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from inspect import cleandoc, signature
from typing import Concatenate, ParamSpec
from urllib.parse import quote, urlencode

import httpx

from auth0_mfa_lab.client import Client, checked_list, checked_text, quoted
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.wire.exchange import Exchange, Json

P = ParamSpec("P")
Body = Mapping[str, Json] | Sequence[Json] | None

_BASE = "/api/v2"
_INSTEAD = "Pass an access token for the Management API: the field access_token of a client_credentials_grant for it."
_FACTORS = "Dashboard > Security > Multi-factor Auth"
_POLICIES = f"{_FACTORS} > Define policies"
_PUSH = f"{_FACTORS} > Push Notification using Auth0 Guardian"
_PHONE = f"{_FACTORS} > Phone Message"
_USERS = "Dashboard > User Management > Users"
_USER = f"{_USERS} > the user"
_MFA = f"{_USER} > Details > Multi-Factor Authentication"
_RESET = f"{_USER} > Actions > Reset Multi-factor"
_APPS = "Dashboard > Applications > Applications"
_GRANTS = f"{_APPS} > the application > Settings > Advanced Settings > Grant Types"
_GENERAL = "Dashboard > Settings > General"
_9_2, _9_3, _9_4 = (f"the reference, section {section}" for section in ("9.2", "9.3", "9.4"))
_9_5 = "the reference, section 9.5, for its errors"


def call(
    line: str, answer: str, scope: str, source: str, dashboard: str | None = None
) -> Callable[[Callable[Concatenate[Management, P], Body]], Callable[Concatenate[Management, P], Exchange]]:
    """Make the method of one request out of its signature; its help text gets the facts of this row.

    `line` is the verb and the path. A parameter that the path names is a part of it; the others are the query of a GET
    and the JSON body of any other verb, unless the function itself returns a body. `answer` is the answer when all
    goes well, `scope` what the token needs, `dashboard` the place that shows or sets the same.
    """
    verb, _, path = line.partition(" ")
    ids = re.findall(r"{(\w+)}", path)
    facts = [f"Scope: `{scope}`.", *([f"{dashboard}."] if dashboard else []), f"Source: {source}."]
    asked = f"    {verb} {_BASE}{re.sub('{(user|client)_id}', '{id}', path)}   -> {answer}"

    def method_of(
        function: Callable[Concatenate[Management, P], Body],
    ) -> Callable[Concatenate[Management, P], Exchange]:
        names = list(signature(function).parameters)[1:]

        @wraps(function)
        def method(self: Management, /, *args: P.args, **kwargs: P.kwargs) -> Exchange:
            body = function(self, *args, **kwargs)
            given: dict[str, Json] = dict(zip(names, args, strict=False)) | kwargs
            # In the order of the signature, whatever the order of the call.
            ordered = [name for name in dict.fromkeys([*names, *given]) if name in given]
            fields = {name: given[name] for name in ordered if name not in ids}
            # A traceback that shows its frames' values shows no id.
            below = Secret(path.format_map({name: quoted(name, given[name]) for name in ids}), "<path>")
            if verb == "GET":
                return self.send(verb, below, query=fields)
            return self.send(verb, below, json=fields if body is None and len(names) > len(ids) else body)

        summary, _, more = cleandoc(function.__doc__ or "").partition("\n\n")
        method.__doc__ = "\n\n".join(filter(None, [summary, asked, more, "\n".join(facts)]))
        function.__annotations__["return"] = Exchange.__name__  # what help() says
        return method

    return method_of


class Management:
    """An administrator's side of one tenant, opened by an access token for `https://{domain}/api/v2/`.

    A parameter has the wire's own name; None means that the field is not sent. HTTP statuses never raise. Each method
    names the scope that its token needs, and the place in Auth0's dashboard that shows or sets the same.
    """

    def __init__(self, http: httpx.Client, access_token: str) -> None:
        """Speak through `http`, whose transport records, with this access token as the Bearer.

        Raises LabError for an mfa_token, which opens nothing here, or for none at all.
        """
        self._client = Client(http)
        self._access_token = _checked_token(access_token)
        self._tenant = http.base_url.netloc.decode()

    def __repr__(self) -> str:
        token = self._access_token
        return f"Management API of {self._tenant}, opened by {token.shown if isinstance(token, Secret) else 'a token'}"

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Json] | Sequence[Json] | None = None,
        query: Mapping[str, str | int | bool | Sequence[str] | None] | None = None,
    ) -> Exchange:
        """Send any request to the Management API and return its Exchange: for what no method is made for.

        `path` is what follows `/api/v2`, such as `/guardian/factors`; `json` is the body, an object without its fields
        that are None, or an array; `query` goes behind the path, a list with commas. Raises LabError for another path
        or body, NoAnswer when the network gives none.
        """
        # Ids and addresses stand in it: a traceback that shows its frames' values shows none of them.
        path = Secret(f"{_BASE}{_checked_path(path)}{_asked(query or {})}", "<path>")
        return self._client.send(method, path, json=json, bearer=self._access_token)

    # Above each signature stands the row of its request: verb and path, answer, scope, source, dashboard.
    # fmt: off

    # -- the tenant's factors: which are on, when a second one is asked for, and how they reach a person

    @call("GET /guardian/factors", "200 with an array of name, enabled, trial_expired",
          "read:guardian_factors", _9_2, _FACTORS)
    def guardian_factors(self) -> None:
        """List every factor, on or off."""

    @call("PUT /guardian/factors/{name}", "200 with enabled",
          "update:guardian_factors", _9_2, f"{_FACTORS} > the factor's switch")
    def update_guardian_factor(self, name: str, *, enabled: bool) -> None:
        """Switch a factor on or off.

        `name` is `sms` (the phone factor, voice too), `push-notification`, `otp`, `email` or `recovery-code`.
        """

    @call("GET /guardian/policies", "200 with an array, empty for never",
          "read:mfa_policies", _9_2, _POLICIES)
    def guardian_policies(self) -> None:
        """Read when a second factor is asked for."""

    @call("PUT /guardian/policies", "200 with the array",
          "update:mfa_policies", _9_2, _POLICIES)
    def update_guardian_policies(self, policies: Sequence[str]) -> Body:
        """Set when a second factor is asked for.

        `policies` is `["all-applications"]` for always, `["confidence-score"]` for adaptive, `[]` for never.
        """
        return checked_list("policies", policies)

    @call("GET /guardian/factors/push-notification/selected-provider", "200 with provider",
          "read:guardian_factors", _9_2, _PUSH)
    def push_notification_provider(self) -> None:
        """Read through whom a push is sent."""

    @call("PUT /guardian/factors/push-notification/selected-provider", "200 with provider",
          "update:guardian_factors", _9_2, _PUSH)
    def update_push_notification_provider(self, provider: str) -> None:
        """Set through whom a push is sent.

        `provider` is `guardian` for Auth0's app, `sns` or `direct` for one's own.
        """

    @call("GET /guardian/factors/phone/message-types", "200 with message_types, on a new tenant empty",
          "read:guardian_factors", _9_2, f"{_PHONE} > Delivery method")
    def phone_message_types(self) -> None:
        """Read how the phone factor may reach a number."""

    @call("PUT /guardian/factors/phone/message-types", "200 with message_types",
          "update:guardian_factors", _9_2, f"{_PHONE} > Delivery method")
    def update_phone_message_types(self, message_types: Sequence[str]) -> Body:
        """Set how the phone factor may reach a number.

        `message_types` holds `sms`, `voice` or both.
        """
        return {"message_types": checked_list("message_types", message_types)}

    @call("GET /guardian/factors/phone/selected-provider", "200 with provider",
          "read:guardian_factors", _9_2, _PHONE)
    def phone_provider(self) -> None:
        """Read through whom SMS and calls are sent."""

    @call("PUT /guardian/factors/phone/selected-provider", "200 with provider",
          "update:guardian_factors", _9_2, _PHONE)
    def update_phone_provider(self, provider: str) -> None:
        """Set through whom SMS and calls are sent.

        `provider` is `auth0`, `twilio` or `phone-message-hook`.
        """

    # -- the applications, the connections, the tenant's settings and its log

    @call("GET /clients", "200 with an array",
          "read:clients", _9_4, _APPS)
    def applications(self, *, fields: str | Sequence[str] | None = None, include_fields: bool | None = None) -> None:
        """List the applications.

        `fields` names the wanted members, as a list or with commas between them.
        """

    @call("GET /clients/{client_id}", "200 with the application",
          "read:clients", _9_4, f"{_APPS} > the application")
    def application(self, client_id: str, *, fields: str | Sequence[str] | None = None,
            include_fields: bool | None = None) -> None:
        """Read one application, such as its `grant_types` before they are changed.

        `fields` names the wanted members, as a list or with commas between them; with `include_fields=False` they are
        the unwanted ones.
        """

    @call("PATCH /clients/{client_id}", "200 with the application",
          "update:clients", _9_4, _GRANTS)
    def update_application(self, /, client_id: str, **changes: Json) -> None:
        """Change one application; `grant_types` replaces the whole list, so read it first.

        `changes` are the wire's members, such as `grant_types=[...]` or `token_endpoint_auth_method="none"`.
        """

    @call("GET /connections", "200 with an array of id, name, strategy, enabled_clients, ...",
          "read:connections", "Management API v2, Get all connections",
          "Dashboard > Authentication > Database, and Passwordless")
    def connections(self, *, name: str | None = None, strategy: str | None = None,
            fields: str | Sequence[str] | None = None, include_fields: bool | None = None) -> None:
        """List the connections: where users are kept, and how passwordless codes are sent.

        `strategy` is `auth0` for a database, `email` or `sms`; `fields` as with `applications`.
        """

    @call("GET /tenants/settings", "200 with the settings",
          "read:tenant_settings", _9_4, _GENERAL)
    def tenant_settings(self) -> None:
        """Read the tenant's settings, the default directory among them."""

    @call("PATCH /tenants/settings", "200 with the settings",
          "update:tenant_settings", _9_4, f"{_GENERAL} > API Authorization Settings > Default Directory")
    def update_tenant_settings(self, *, default_directory: str | None = None,
            friendly_name: str | None = None) -> None:
        """Change the tenant's settings: plain `password` grants need a default directory.

        `default_directory` is a connection's name, "" for none.
        """

    @call("GET /logs", "200 with an array of date, type, description, ...",
          "read:logs", "the reference, section 11", "Dashboard > Monitoring > Logs")
    def logs(self, *, per_page: int | None = None, page: int | None = None, take: int | None = None,
            sort: str | None = None, q: str | None = None) -> None:
        """Read the tenant's log, newest entries first: what happened behind an answer.

        `q` searches, such as `type:gd_send_pn_failure` or `user_id:"auth0|..."`; `sort` is `date:-1` or `date:1`.
        """

    # -- a user: the profile, the enrollments, and what takes a second factor away

    @call("GET /users/{user_id}", "200 with the user",
          "read:users", _9_3, _USER)
    def user(self, user_id: str) -> None:
        """Read a user."""

    @call("PATCH /users/{user_id}", "200 with the user",
          "update:users", "the reference, sections 9.3 and 10", f"{_USER} > Details")
    def update_user(self, user_id: str, *, email: str | None = None, email_verified: bool | None = None,
            phone_number: str | None = None, name: str | None = None, connection: str | None = None) -> None:
        """Change a user: whose address is verified can be challenged by email."""

    @call("POST /users", "201 with the user",
          "create:users", f"{_9_5}; for the rest Auth0's page Create a User", f"{_USERS} > Create User")
    def create_user(self, *, connection: str, email: str | None = None, password: str | None = None,
            email_verified: bool | None = None, verify_email: bool | None = None,
            phone_number: str | None = None) -> None:
        """Make a user; unless `verify_email` is False or `email_verified` True, Auth0 sends an email to the address.

        `connection` is the name of a database, such as `Username-Password-Authentication`.
        """

    @call("DELETE /users/{user_id}", "204",
          "delete:users", f"{_9_5}; for the rest Auth0's page Delete a User", f"{_USER} > Actions > Delete")
    def delete_user(self, user_id: str) -> None:
        """Remove a user, whose authenticators and tokens go along."""

    @call("GET /users-by-email", "200 with an array",
          "read:users", _9_3, _USERS)
    def users_by_email(self, email: str) -> None:
        """Find the users who have an address."""

    @call("POST /guardian/enrollments/ticket", "200 with ticket_id and ticket_url",
          "create:guardian_enrollment_tickets", _9_3, f"{_MFA} > Send an enrollment invitation")
    def enrollment_ticket(self, *, user_id: str, email: str | None = None, send_mail: bool | None = None,
            email_locale: str | None = None, factor: str | None = None,
            allow_multiple_enrollments: bool | None = None) -> None:
        """Make a link under which a user enrolls in a browser, without the MFA API.

        `factor` is `push-notification`, `phone`, `email`, `otp` or a webauthn.
        """

    @call("GET /guardian/enrollments/{id}", "200 with the enrollment",
          "read:guardian_enrollments", _9_3)
    def enrollment(self, id: str) -> None:
        """Read one enrollment, by its `dev_...` id without a prefix."""

    @call("DELETE /guardian/enrollments/{id}", "204",
          "delete:guardian_enrollments", _9_3, _MFA)
    def delete_enrollment(self, id: str) -> None:
        """Remove one enrollment, by its `dev_...` id without a prefix."""

    @call("GET /users/{user_id}/enrollments", "200 with an array",
          "read:users", _9_3, _MFA)
    def user_enrollments(self, user_id: str) -> None:
        """List a user's confirmed enrollments."""

    @call("DELETE /users/{user_id}/authenticators", "204",
          "delete:guardian_enrollments", _9_3, _RESET)
    def delete_authenticators(self, user_id: str) -> None:
        """Remove every authenticator of a user, who can then enroll anew."""

    @call("POST /users/{user_id}/recovery-code-regeneration", "200 with recovery_code",
          "update:users", _9_3)
    def regenerate_recovery_code(self, user_id: str) -> None:
        """Give a user a new recovery code; the old one is dead."""

    @call("DELETE /users/{user_id}/multifactor/{provider}", "204",
          "update:users", _9_3)
    def delete_multifactor(self, user_id: str, provider: str) -> None:
        """Remove a legacy provider's enrollments from a user.

        `provider` is `duo` or `google-authenticator`.
        """

    @call("POST /users/{user_id}/multifactor/actions/invalidate-remember-browser", "204",
          "update:users", _9_3)
    def invalidate_remember_browser(self, user_id: str) -> None:
        """Make every browser of a user ask for a second factor again."""

    # -- a user's authentication methods: the factors that an administrator can read, make, change and remove

    @call("GET /users/{user_id}/authentication-methods", "200 with an array, or authenticators with the total",
          "read:authentication_methods", _9_3, _MFA)
    def authentication_methods(self, user_id: str, *, page: int | None = None, per_page: int | None = None,
            include_totals: bool | None = None) -> None:
        """List a user's confirmed methods."""

    @call("POST /users/{user_id}/authentication-methods", "201 with the method",
          "create:authentication_methods", _9_3)
    def create_authentication_method(self, user_id: str, *, type: str, name: str | None = None,
            phone_number: str | None = None, email: str | None = None, totp_secret: str | None = None,
            preferred_authentication_method: str | None = None) -> None:
        """Enroll a user without asking: the method is confirmed at once.

        `type` is `phone` (`phone_number` in E.164 form, `preferred_authentication_method` `sms` or `voice`), `email`
        or `totp` (`totp_secret` in base32).
        """

    @call("PUT /users/{user_id}/authentication-methods", "200 with the new array, unmasked",
          "update:authentication_methods", _9_3)
    def replace_authentication_methods(self, user_id: str, methods: Sequence[Mapping[str, Json]]) -> Body:
        """Put these methods in the place of all that a user has.

        `methods` are objects with the fields of `create_authentication_method`; LabError for what is no list of
        objects.
        """
        such_as = "methods is a list of objects, such as [{'type': 'phone', 'phone_number': '+15550100'}]."
        if isinstance(methods, str | Mapping):
            raise LabError(such_as)
        each = checked_list("methods", methods)
        if not all(isinstance(one, Mapping) for one in each):
            raise LabError(such_as)
        return each

    @call("DELETE /users/{user_id}/authentication-methods", "204",
          "delete:authentication_methods", _9_3, _RESET)
    def delete_authentication_methods(self, user_id: str) -> None:
        """Remove every method of a user."""

    @call("GET /users/{user_id}/authentication-methods/{id}", "200 with the method",
          "read:authentication_methods", _9_3)
    def authentication_method(self, user_id: str, id: str) -> None:
        """Read one method.

        `id` is such as `phone|dev_...`.
        """

    @call("PATCH /users/{user_id}/authentication-methods/{id}", "200 with the method",
          "update:authentication_methods", _9_3)
    def update_authentication_method(self, user_id: str, id: str, *, name: str | None = None,
            preferred_authentication_method: str | None = None) -> None:
        """Change what one method is called, or how a phone is preferably reached.

        `preferred_authentication_method` is `sms` or `voice`.
        """

    @call("DELETE /users/{user_id}/authentication-methods/{id}", "204",
          "delete:authentication_methods", _9_3, _MFA)
    def delete_authentication_method(self, user_id: str, id: str) -> None:
        """Remove one method."""

    # fmt: on


def _checked_token(value: object) -> str:
    token = checked_text("access_token", value)
    if not token.strip():
        raise LabError(f"access_token is empty. {_INSTEAD}")
    if isinstance(token, Secret) and token.shown.startswith("<mfa_token"):
        raise LabError(f"access_token is {token.shown}, which opens the MFA API alone. {_INSTEAD}")
    return token


def _checked_path(value: object) -> str:
    path = checked_text("path", value)
    if path.startswith("/") and path != _BASE and not path.startswith((f"{_BASE}/", "//")):
        return path
    _, _, below = path.rpartition(_BASE)
    such_as = "/guardian/factors" if "://" in below or not below.strip("/") else f"/{below.lstrip('/')}"
    raise LabError(f"path is what follows {_BASE} and begins with a slash: {such_as}")


def _asked(query: Mapping[str, str | int | bool | Sequence[str] | None]) -> str:
    given = {name: _written(name, value) for name, value in query.items() if value is not None}
    return f"?{urlencode(given, quote_via=quote, errors='replace')}" if given else ""


def _written(name: str, value: str | int | bool | Sequence[str]) -> str:
    if isinstance(value, list | tuple):
        return ",".join(checked_text(f"each of {name}", each) for each in value)
    return str(value).lower() if isinstance(value, bool) else str(value)

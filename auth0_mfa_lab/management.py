"""The Management API for one access token: one method per path and verb; each returns the Exchange."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, Signature
from urllib.parse import quote, urlencode

import httpx

from auth0_mfa_lab.client import Client, checked_list, checked_text, quoted
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.wire.exchange import Exchange, Json

_BASE = "/api/v2"
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
_ARRAYS = {"policies": True, "methods": True, "message_types": False}
"""The parameters that are arrays, and whether one is the whole body."""


def call(
    line: str, takes: str, scope: str, source: str, dashboard: str, summary: str, more: str = ""
) -> Callable[..., Exchange]:
    """Make the method of one request; its signature and its help text come from these facts.

    `line` is the verb, the path and the answer when all goes well. A parameter that the path names is a part of it;
    those of `takes` are the query of a GET and the JSON body of any other verb: `=` marks what may be left out, `*`
    what is passed by name. `scope` is what the token needs, `dashboard` the place that shows or sets the same.
    """
    verb, path, _, answer = line.split(" ", 3)
    ids, by_place = re.findall(r"{(\w+)}", path), Parameter.POSITIONAL_OR_KEYWORD
    parameters = [Parameter("self", Parameter.POSITIONAL_ONLY), *(Parameter(name, by_place) for name in ids)]
    kind = {"* ": Parameter.KEYWORD_ONLY, "**": Parameter.VAR_KEYWORD}.get(takes[:2], by_place)
    for name in takes.strip("* ").split():
        default = None if name.endswith("=") else Parameter.empty
        parameters.append(Parameter(name.rstrip("="), kind, default=default))
    signature = Signature(parameters, return_annotation=Exchange.__name__)

    def method(*args: Json, **kwargs: Json) -> Exchange:
        fields = signature.bind(*args, **kwargs).arguments
        api: Management = fields.pop("self")
        changes: Mapping[str, Json] = fields.pop("changes", {})
        # A traceback that shows its frames' values shows no id.
        below = Secret(path.format_map({name: quoted(name, fields.pop(name)) for name in ids}), "<path>")
        fields |= {name: checked_list(name, each) for name, each in fields.items() if name in _ARRAYS}
        whole = [each for name, each in fields.items() if _ARRAYS.get(name)]
        if verb == "GET":
            return api.send(verb, below, query=fields)
        return api.send(verb, below, json=whole[0] if whole else {**fields, **changes} if takes else None)

    source = f"the reference, section {source}" if source[0].isdigit() else source
    asked = f"    {verb} {_BASE}{re.sub('{(user|client)_id}', '{id}', path)}   -> {answer}"
    facts = f"Scope: `{scope}`. {f'{dashboard}. ' if dashboard else ''}Source: {source}."
    method.__doc__ = "\n\n".join(filter(None, [summary, asked, more, facts]))
    method.__signature__ = signature  # type: ignore[attr-defined]  # mypy knows none; help() and Jupyter read it
    return method


class Management:
    """An administrator's side of one tenant, opened by an access token for `https://{domain}/api/v2/`.

    A parameter has the wire's own name; None means that the field is not sent. HTTP statuses never raise. Each method
    names the scope that its token needs, and the place in Auth0's dashboard that shows or sets the same.
    """

    def __init__(self, http: httpx.Client, access_token: str) -> None:
        """Speak through `http`, whose transport records; LabError for an mfa_token, which opens nothing here."""
        self._client = Client(http)
        self._access_token = token = checked_text("access_token", access_token)
        wrong = "is empty" if not token.strip() else ""
        if isinstance(token, Secret) and token.shown.startswith("<mfa_token"):
            wrong = f"is {token.shown}, which opens the MFA API alone"
        if wrong:
            raise LabError(
                f"access_token {wrong}. Pass an access token for the Management API: the field access_token of a "
                "client_credentials_grant for it."
            )
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
        that are None, or an array; `query` goes behind the path, a list with commas.
        """
        path = checked_text("path", path)
        if not path.startswith("/") or f"{path}/".startswith((f"{_BASE}/", "//")):
            raise LabError(f"path is what follows {_BASE} and begins with a slash, such as /guardian/factors.")
        # Ids and addresses stand in it: a traceback that shows its frames' values shows none of them.
        given = {name: value for name, value in (query or {}).items() if value is not None}
        for name, value in given.items():
            if isinstance(value, list | tuple):
                given[name] = ",".join(checked_text(f"each of {name}", each) for each in value)
            elif isinstance(value, bool):
                given[name] = str(value).lower()
        asked = f"?{urlencode(given, quote_via=quote, errors='replace')}" if given else ""
        path = Secret(f"{_BASE}{path}{asked}", "<path>")
        return self._client.send(method, path, json=json, bearer=self._access_token)

    # One row a request: verb and path, parameters, scope, source, dashboard; answer and help text.
    # fmt: off

    # -- the tenant's factors: which are on, when a second one is asked for, and how they reach a person
    guardian_factors = call("GET /guardian/factors -> 200 with an array of name, enabled, trial_expired", "",
        "read:guardian_factors", "9.2", _FACTORS, "List every factor, on or off.")
    update_guardian_factor = call("PUT /guardian/factors/{name} -> 200 with enabled", "* enabled",
        "update:guardian_factors", "9.2", f"{_FACTORS} > the factor's switch", "Switch a factor on or off.",
        "`name` is `sms` (the phone factor, voice too), `push-notification`, `otp`, `email` or `recovery-code`.")
    guardian_policies = call("GET /guardian/policies -> 200 with an array, empty for never", "", "read:mfa_policies",
        "9.2", _POLICIES, "Read when a second factor is asked for.")
    update_guardian_policies = call("PUT /guardian/policies -> 200 with the array", "policies", "update:mfa_policies",
        "9.2", _POLICIES, "Set when a second factor is asked for.",
        '`policies` is `["all-applications"]` for always, `["confidence-score"]` for adaptive, `[]` for never.')
    push_notification_provider = call("GET /guardian/factors/push-notification/selected-provider -> 200 with provider",
        "", "read:guardian_factors", "9.2", _PUSH, "Read which provider sends a push.")
    update_push_notification_provider = call(
        "PUT /guardian/factors/push-notification/selected-provider -> 200 with provider", "provider",
        "update:guardian_factors", "9.2", _PUSH, "Choose which provider sends a push.",
        "`provider` is `guardian` for Auth0's app, `sns` or `direct` for one's own.")
    phone_message_types = call(
        "GET /guardian/factors/phone/message-types -> 200 with message_types, on a new tenant empty", "",
        "read:guardian_factors", "9.2", f"{_PHONE} > Delivery method", "Read how the phone factor may reach a number.")
    update_phone_message_types = call("PUT /guardian/factors/phone/message-types -> 200 with message_types",
        "message_types", "update:guardian_factors", "9.2", f"{_PHONE} > Delivery method",
        "Set how the phone factor may reach a number.", "`message_types` holds `sms`, `voice` or both.")
    phone_provider = call("GET /guardian/factors/phone/selected-provider -> 200 with provider", "",
        "read:guardian_factors", "9.2", _PHONE, "Read which provider sends SMS and calls.")
    update_phone_provider = call("PUT /guardian/factors/phone/selected-provider -> 200 with provider", "provider",
        "update:guardian_factors", "9.2", _PHONE, "Choose which provider sends SMS and calls.",
        "`provider` is `auth0`, `twilio` or `phone-message-hook`.")

    # -- the applications, the connections, the tenant's settings and its log
    applications = call("GET /clients -> 200 with an array", "* fields= include_fields=", "read:clients", "9.4", _APPS,
        "List the applications.", "`fields` names the wanted members, as a list or with commas between them.")
    application = call("GET /clients/{client_id} -> 200 with the application", "* fields= include_fields=",
        "read:clients", "9.4", f"{_APPS} > the application",
        "Read one application, such as its `grant_types` before they are changed.",
        "`fields` names the wanted members, as a list or with commas between them; with `include_fields=False` they "
        "are the unwanted ones.")
    update_application = call("PATCH /clients/{client_id} -> 200 with the application", "**changes", "update:clients",
        "9.4", _GRANTS, "Change one application; `grant_types` replaces the whole list, so read it first.",
        '`changes` are the wire\'s members, such as `grant_types=[...]` or `token_endpoint_auth_method="none"`.')
    connections = call("GET /connections -> 200 with an array of id, name, strategy, enabled_clients, ...",
        "* name= strategy= fields= include_fields=", "read:connections", "Management API v2, Get all connections",
        "Dashboard > Authentication > Database, and Passwordless",
        "List the connections: where users are kept, and how passwordless codes are sent.",
        "`strategy` is `auth0` for a database, `email` or `sms`; `fields` as with `applications`.")
    tenant_settings = call("GET /tenants/settings -> 200 with the settings", "", "read:tenant_settings", "9.4",
        _GENERAL, "Read the tenant's settings, the default directory among them.")
    update_tenant_settings = call("PATCH /tenants/settings -> 200 with the settings",
        "* default_directory= friendly_name=", "update:tenant_settings", "9.4",
        f"{_GENERAL} > API Authorization Settings > Default Directory",
        "Change the tenant's settings: plain `password` grants need a default directory.",
        '`default_directory` is a connection\'s name, "" for none.')
    logs = call("GET /logs -> 200 with an array of date, type, description, ...", "* per_page= page= take= sort= q=",
        "read:logs", "11", "Dashboard > Monitoring > Logs",
        "Read the tenant's log, newest entries first: what happened behind an answer.",
        '`q` searches, such as `type:gd_send_pn_failure` or `user_id:"auth0|..."`; `sort` is `date:-1` or `date:1`.')

    # -- a user: the profile, the enrollments, and what takes a second factor away
    user = call("GET /users/{user_id} -> 200 with the user", "", "read:users", "9.3", _USER, "Read a user.")
    update_user = call("PATCH /users/{user_id} -> 200 with the user",
        "* email= email_verified= phone_number= name= connection=", "update:users", "9.3 and 10", f"{_USER} > Details",
        "Change a user: whose address is verified can be challenged by email.")
    create_user = call("POST /users -> 201 with the user",
        "* connection email= password= email_verified= verify_email= phone_number=", "create:users",
        "9.5, and Auth0's page Create a User", f"{_USERS} > Create User",
        "Make a user; unless `verify_email` is False or `email_verified` True, Auth0 sends an email to the address.",
        "`connection` is the name of a database, such as `Username-Password-Authentication`.")
    delete_user = call("DELETE /users/{user_id} -> 204", "", "delete:users", "9.5, and Auth0's page Delete a User",
        f"{_USER} > Actions > Delete", "Remove a user, whose authenticators and tokens go along.")
    users_by_email = call("GET /users-by-email -> 200 with an array", "email", "read:users", "9.3", _USERS,
        "Find the users of an address.")
    enrollment_ticket = call("POST /guardian/enrollments/ticket -> 200 with ticket_id and ticket_url",
        "* user_id email= send_mail= email_locale= factor= allow_multiple_enrollments=",
        "create:guardian_enrollment_tickets", "9.3", f"{_MFA} > Send an enrollment invitation",
        "Make a link under which a user enrolls in a browser, without the MFA API.",
        "`factor` is `push-notification`, `phone`, `email`, `otp` or a webauthn.")
    enrollment = call("GET /guardian/enrollments/{id} -> 200 with the enrollment", "", "read:guardian_enrollments",
        "9.3", "", "Read one enrollment, by its `dev_...` id without a prefix.")
    delete_enrollment = call("DELETE /guardian/enrollments/{id} -> 204", "", "delete:guardian_enrollments", "9.3", _MFA,
        "Remove one enrollment, by its `dev_...` id without a prefix.")
    user_enrollments = call("GET /users/{user_id}/enrollments -> 200 with an array", "", "read:users", "9.3", _MFA,
        "List a user's confirmed enrollments.")
    delete_authenticators = call("DELETE /users/{user_id}/authenticators -> 204", "", "delete:guardian_enrollments",
        "9.3", _RESET, "Remove every authenticator of a user; the next login enrolls anew.")
    regenerate_recovery_code = call("POST /users/{user_id}/recovery-code-regeneration -> 200 with recovery_code", "",
        "update:users", "9.3", "", "Give a user a new recovery code; the old one is dead.")
    delete_multifactor = call("DELETE /users/{user_id}/multifactor/{provider} -> 204", "", "update:users", "9.3", "",
        "Remove a legacy provider's enrollments from a user.", "`provider` is `duo` or `google-authenticator`.")
    invalidate_remember_browser = call("POST /users/{user_id}/multifactor/actions/invalidate-remember-browser -> 204",
        "", "update:users", "9.3", "", "Make every browser of a user ask for a second factor again.")

    # -- a user's authentication methods: the factors that an administrator can read, make, change and remove
    authentication_methods = call(
        "GET /users/{user_id}/authentication-methods -> 200 with an array, or authenticators with the total",
        "* page= per_page= include_totals=", "read:authentication_methods", "9.3", _MFA,
        "List a user's confirmed methods.")
    create_authentication_method = call("POST /users/{user_id}/authentication-methods -> 201 with the method",
        "* type name= phone_number= email= totp_secret= preferred_authentication_method=",
        "create:authentication_methods", "9.3", "", "Enroll a user without asking: the method is confirmed at once.",
        "`type` is `phone` (`phone_number` in E.164 form, `preferred_authentication_method` `sms` or `voice`), "
        "`email` or `totp` (`totp_secret` in base32).")
    replace_authentication_methods = call(
        "PUT /users/{user_id}/authentication-methods -> 200 with the new array, unmasked", "methods",
        "update:authentication_methods", "9.3", "", "Put these methods in the place of all that a user has.",
        "`methods` are objects with the fields of `create_authentication_method`; LabError for what is no list of "
        "objects.")
    delete_authentication_methods = call("DELETE /users/{user_id}/authentication-methods -> 204", "",
        "delete:authentication_methods", "9.3", _RESET, "Remove every method of a user.")
    authentication_method = call("GET /users/{user_id}/authentication-methods/{id} -> 200 with the method", "",
        "read:authentication_methods", "9.3", "", "Read one method.", "`id` is such as `phone|dev_...`.")
    update_authentication_method = call("PATCH /users/{user_id}/authentication-methods/{id} -> 200 with the method",
        "* name= preferred_authentication_method=", "update:authentication_methods", "9.3", "",
        "Change what one method is called, or how a phone is preferably reached.",
        "`preferred_authentication_method` is `sms` or `voice`.")
    delete_authentication_method = call("DELETE /users/{user_id}/authentication-methods/{id} -> 204", "",
        "delete:authentication_methods", "9.3", _MFA, "Remove one method.")

    # fmt: on


# What a traceback, help() and Jupyter call it.
for _name, _method in vars(Management).items():
    if getattr(_method, "__name__", "") == "method":
        _method.__name__, _method.__qualname__ = _name, f"Management.{_name}"

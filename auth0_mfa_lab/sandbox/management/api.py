"""The Management API, `/api/v2`: its calls, their table, and how one is answered (reference, section 9)."""

from __future__ import annotations

import json
import re
from base64 import b32decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Any, NamedTuple, get_args

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.jwk import RSAKey
from starlette.datastructures import QueryParams
from starlette.responses import Response

from auth0_mfa_lab.sandbox import errors, not_emulated
from auth0_mfa_lab.sandbox.http import JSON, Request, Routes
from auth0_mfa_lab.sandbox.json_text import json_value, type_name
from auth0_mfa_lab.sandbox.mfa.api import KINDS, new_entries, recovery_entry
from auth0_mfa_lab.sandbox.mfa.authenticators import E164, EMAIL, MOST
from auth0_mfa_lab.sandbox.oauth.clients import GRANTS
from auth0_mfa_lab.sandbox.oauth.tokens import iso_date, unverified_claims
from auth0_mfa_lab.sandbox.records import Authenticator, Client, Credential, Kind, User
from auth0_mfa_lab.sandbox.settings import CONNECTIONS, Factor, MessageType, PhoneProvider, PushProvider
from auth0_mfa_lab.sandbox.tenant import MANAGEMENT_PATH, Tenant

BASE = "/api/v2"
CACHE = {"cache-control": "no-cache"}
"""What Auth0 sends with every answer of the Management API (reference, section 0.5) [rec]."""
PER_PAGE = 50
"""How many items a page has unless the call says: a guess."""
LEAST_SECRET_BYTES = 14


def _is_secret(text: str) -> bool:
    """Tell whether a text is base32 of 112 bits or more: codes of less are not made here, Auth0's bound is a guess."""
    try:
        return len(b32decode(text + "=" * (-len(text) % 8))) >= LEAST_SECRET_BYTES
    except ValueError:
        return False


FORMS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "email": (EMAIL.fullmatch, "Object didn't pass validation for format email: {value}"),
    "phone_number": (E164.fullmatch, r"String does not match pattern ^\+[1-9][0-9]{{1,14}}$: {value}"),
    "name": (str.strip, "String is too short (0 chars), minimum 1"),
    "totp_secret": (_is_secret, "String does not match pattern ^[A-Z2-7]{{23,}}$"),
}
"""What a string must be, and what is said of one that is not; that a secret is not repeated is a guess."""


class Property(NamedTuple):
    """What a property of a body or a query may be: a string with a form of FORMS, an array of `items`, of an `enum` both.

    `most` is the largest integer. `description` is Auth0's, which its refusals show without the full stop.
    """

    type: str = "string"
    required: bool = False
    enum: tuple[str, ...] = ()
    items: str = "string"
    nullable: bool = False
    form: str = ""
    most: float = inf
    description: str = ""


Shape = Mapping[str, Property]
TEXT, NEEDED, FLAG = Property(), Property(required=True), Property("boolean")
# fmt: off
PAGING: dict[str, Property] = {
    "page":           Property("integer", description="Page index of the results to return. First page is 0"),
    "per_page":       Property("integer", most=100),
    "include_totals": Property("boolean", description="Return results inside an object that contains the total result count (true) or as a direct array of results (false, default)"),
}
CHOICE: dict[str, Property] = {
    "fields":         TEXT,
    "include_fields": Property("boolean", description="Whether specified fields are to be included (true) or excluded (false)"),
}
# fmt: on
FILTERS = {each: each for each in ("name", "strategy", "app_type", "is_first_party")} | {"is_global": "global"}
"""The parameters that choose items by a member; a text may name several values, with commas or by being there again."""
BESIDE = {"clients": "tenant", "connections": "is_domain_connection"}
"""The member that each item of a list has beside its `fields`, by where the items of a page with totals are."""
NULLS = ("expires_at",)
"""The members that are written when they are null: every other one is left out."""


class Endpoint(NamedTuple):
    """One method of one path below `/api/v2`; any one of the scopes in `scope` opens it.

    `answer` returns the body, or None for a 204. Without a `query` no parameter is looked at. `named` is the member
    that has the items of a page with totals, `evidence` the row of a success of which there is more to say.
    """

    method: str
    path: str
    scope: str
    answer: Callable[[Call], object]
    body: Shape | None = None
    query: Shape | None = None
    named: str = ""
    evidence: errors.EvidenceRow | None = None

    @property
    def name(self) -> str:
        """The method and the whole path."""
        return f"{self.method} {BASE}{self.path}"


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """One request with a token that is good for its path."""

    endpoint: Endpoint
    tenant: Tenant
    path: Mapping[str, str]
    query: Mapping[str, Any]
    content: bytes
    scopes: frozenset[str]

    def user(self) -> User:
        """Return the user whose id stands in the path. Raises API_USER_NOT_FOUND, API_INVALID_USER_ID."""
        if user := self.tenant.users.get(self.user_id()):
            return user
        raise errors.API_USER_NOT_FOUND()

    def user_id(self) -> str:
        """Return the id of a user that stands in the path. Raises API_INVALID_USER_ID for one without a bar."""
        if "|" in (user_id := self.path["id"]):
            return user_id
        raise errors.API_INVALID_USER_ID(id=user_id)

    def client(self) -> Client:
        """Return the application whose id stands in the path. Raises API_CLIENT_NOT_FOUND."""
        if client := self.tenant.clients.get(self.path["id"]):
            return client
        raise errors.API_CLIENT_NOT_FOUND()

    def value(self) -> object:
        """Return the body, any JSON; none at all counts as an empty object. Raises API_NO_JSON."""
        try:
            return json_value(self.content) if self.content.strip() else {}
        except ValueError as problem:
            raise errors.API_NO_JSON() from problem

    def body(self) -> dict[str, Any]:
        """Return the body, an object of the endpoint's shape; that of a GET is not read. Raises API_INVALID_BODY."""
        value = {} if self.endpoint.method == "GET" else self.value()
        return checked(value, self.endpoint.body or {}, self.endpoint.name)

    def array(self) -> list[Any]:
        """Return the body, an array. Raises API_INVALID_BODY."""
        if isinstance(value := self.value(), list):
            return value
        raise invalid(f"Expected type array but found type {type_name(value)}")


def invalid(
    problem: str, name: str = "", wanted: Property = TEXT, row: errors.EvidenceRow = errors.API_INVALID_BODY
) -> errors.WireError:
    """Return the refusal of a body (or of what `row` speaks of): the problem, and the property that has it."""
    described = f" ({wanted.description})" if wanted.description else ""
    return row(problem=problem, place=f" on property {name}{described}" if name else "")


def checked(value: object, shape: Shape, where: str = "", inside: str = "") -> dict[str, Any]:
    """Return an object of this shape, which the property `inside` holds, or which is the body.

    Raises API_INVALID_BODY, or NotEmulated for what is not emulated at `where`.
    """
    if not isinstance(value, dict):
        raise invalid(f"Expected type object but found type {type_name(value)}", inside)
    not_emulated.refuse("property", where, value)
    not_emulated.refuse("value", where, {f"{name}:{json.dumps(each)}" for name, each in value.items()})
    if unknown := [name for name in value if name not in shape]:
        raise invalid(f"Additional properties not allowed: {','.join(unknown)}", inside)
    _must_have(value, shape, errors.API_INVALID_BODY, inside)
    for name, each in value.items():
        _must_be(f"{inside}.{name}".strip("."), each, shape[name], errors.API_INVALID_BODY)
    return value


def checked_query(endpoint: Endpoint, given: QueryParams) -> Mapping[str, Any]:
    """Return the parameters by their types; several of one name are one, with commas. Raises API_INVALID_QUERY."""
    query: dict[str, Any] = {}
    if endpoint.query is None:
        return query
    for name in given:
        if name not in endpoint.query:
            raise invalid(f"Additional properties not allowed: {name}", row=errors.API_INVALID_QUERY)
        text, wanted = ",".join(given.getlist(name)), endpoint.query[name]
        value: object = {"true": True, "false": False}.get(text, text) if wanted.type == "boolean" else text
        if wanted.type == "integer" and re.fullmatch("-?[0-9]{1,9}", text):
            value = int(text)
        _must_be(name, value, wanted, errors.API_INVALID_QUERY)
        query[name] = value
    _must_have(query, endpoint.query, errors.API_INVALID_QUERY)
    return query


def _must_have(given: Mapping[str, object], shape: Shape, row: errors.EvidenceRow, inside: str = "") -> None:
    if missing := [name for name, wanted in shape.items() if wanted.required and name not in given]:
        raise invalid(f"Missing required property: {missing[0]}", inside, row=row)


def _must_be(name: str, value: object, wanted: Property, row: errors.EvidenceRow) -> None:
    """Raise `row`, in Auth0's words, for a value that the property `name` cannot have."""
    refused = partial(invalid, wanted=wanted, row=row)
    if value is None and wanted.nullable:
        return
    if (found := type_name(value)) != wanted.type:
        raise refused(f"Expected type {wanted.type} but found type {found}", name)
    for index, each in enumerate(value if isinstance(value, list) else [value]):
        place = f"{name}.{index}" if isinstance(value, list) else name
        if wanted.type == "array" and (found := type_name(each)) != wanted.items:
            raise invalid(f"Expected type {wanted.items} but found type {found}", place, row=row)
        if wanted.enum and each not in wanted.enum:
            raise invalid(f"No enum match for: {each}", place, row=row)
    if isinstance(value, int) and value < 0:
        raise refused(f"Value {value} is less than minimum 0", name)
    if isinstance(value, int) and value > wanted.most:
        raise refused(f"Value {value} is greater than maximum {wanted.most}", name)
    if wanted.form and not FORMS[wanted.form][0](str(value)):
        raise refused(FORMS[wanted.form][1].format(value=value), name)


FACTORS, METHODS = "/guardian/factors", "/users/{id}/authentication-methods"
SEARCHED = ("type", "user_id", "client_id", "log_id", "description")
TERM = re.compile(rf'({"|".join(SEARCHED)}):(?:"([^"]+)"|([^"\s]+))')
ONE_TERM = f"write one term, such as type:gd_send_pn_failure, with one of {', '.join(SEARCHED)}"
ALGORITHMS = ("RS256", "RS384", "PS256")
LEAST_BITS = 2048
MOST_CREDENTIALS = 2
"""How many keys an application may have, so that one can take the other's place: Auth0's settings page says so."""
LEAST_PASSWORD, LEAST_KINDS = 8, 3
"""What a new tenant's connection takes."""
GRANT_TYPES = (
    *("authorization_code", "implicit", "refresh_token", "client_credentials", "password"),
    *(f"{GRANTS}/password-realm", f"{GRANTS}/passwordless/otp"),
    *(f"{GRANTS}/mfa-oob", f"{GRANTS}/mfa-otp", f"{GRANTS}/mfa-recovery-code"),
    *(name for name in not_emulated.names("grant", errors.TOKEN) if name != "authorization_code"),
)
"""In the order in which an application's are shown: a guess."""
MADE: Mapping[str, tuple[Kind, str]] = {
    "phone": ("sms", "phone_number"),
    "email": ("email", "email"),
    "totp": ("totp", "totp_secret"),
}
"""The types of methods that can be made: the kind, and the property that is needed, which has the form of its name."""
PREFERRED = "preferred_authentication_method"
TICKET_FACTORS = ("push-notification", "phone", "email", "otp", "webauthn-roaming", "webauthn-platform")
# fmt: off
REACHED_BY = {
    f"{FACTORS}/push-notification/selected-provider": ("provider",      "push_provider",  Property(required=True, enum=get_args(PushProvider))),
    f"{FACTORS}/phone/message-types":                 ("message_types", "message_types",  Property("array", required=True, enum=get_args(MessageType))),
    f"{FACTORS}/phone/selected-provider":             ("provider",      "phone_provider", Property(required=True, enum=get_args(PhoneProvider))),
}
"""By the path: the member of its body, the field of the settings, and what it may be."""
ENABLED = {"enabled": Property("boolean", required=True, description="Whether this factor is enabled (true) or disabled (false)")}
SETTINGS = {"default_directory": TEXT, "friendly_name": TEXT}
CLIENT = {
    "name": Property(form="name"), "grant_types": Property("array", enum=GRANT_TYPES),
    "token_endpoint_auth_method": Property(enum=("none", "client_secret_post", "client_secret_basic"), nullable=True),
    "client_authentication_methods": Property("object", nullable=True),
}
BY_KEYS = {"private_key_jwt": Property("object", required=True)}
NAMED = {"id": NEEDED}
CREDENTIALS = {"credentials": Property("array", items="object", required=True)}
CREDENTIAL = {"credential_type": Property(required=True, enum=("public_key",)), "pem": NEEDED, "name": TEXT, "alg": Property(enum=ALGORITHMS)}
TICKET = {
    "user_id": NEEDED, "email": TEXT, "send_mail": FLAG, "email_locale": TEXT, "factor": Property(enum=TICKET_FACTORS),
    "allow_multiple_enrollments": FLAG,
}
PROFILE = {"email": Property(form="email", description="The user's email"), "email_verified": FLAG, "phone_number": Property(form="phone_number")}
USER = {**PROFILE, "connection": TEXT, "client_id": TEXT}
NEW_USER = {**PROFILE, "connection": NEEDED, "password": TEXT, "verify_email": FLAG}
LABEL = {"name": TEXT, PREFERRED: Property(enum=("sms", "voice"))}
TYPE = {"type": Property(required=True, enum=tuple(MADE))}
NEW_METHOD = {kind: {**TYPE, name: Property(required=True, form=name), **(LABEL if kind == "phone" else {"name": TEXT})} for kind, (_, name) in MADE.items()}
# fmt: on


# -- the tenant's factors and settings


def get_factors(call: Call) -> object:
    """List every factor, on or off, in Auth0's order."""
    on = call.tenant.settings.factors
    return [{"name": name, "enabled": name in on, "trial_expired": False} for name in get_args(Factor)]


def put_factor(call: Call) -> object:
    """Switch a factor on or off; duo and webauthn can be, and change nothing for the MFA API."""
    name = call.path["name"]
    if name not in get_args(Factor):
        raise invalid(f"No enum match for: {name}", "name", row=errors.API_INVALID_PATH)
    body, others = call.body(), call.tenant.settings.factors - {name}
    _set(call.tenant, factors=others | {name} if body["enabled"] else others)
    return body


def policies(call: Call) -> object:
    """Return or set when a second factor is asked for: an array of at most one of two policies, an empty one is never."""
    if call.endpoint.method == "PUT":
        wanted = call.array()
        if wanted not in ([], ["all-applications"], ["confidence-score"]):
            raise invalid(f"No enum match for: {','.join(map(str, wanted))}")
        _set(call.tenant, policy=wanted[0] if wanted else "never")
    return [one for one in [call.tenant.settings.policy] if one != "never"]


def reached_by(call: Call) -> object:
    """Return or set the provider, or the messages, of a factor for phones."""
    member, setting, _ = REACHED_BY[call.endpoint.path]
    if call.endpoint.method == "PUT":
        value = call.body()[member]
        _set(call.tenant, **{setting: tuple(dict.fromkeys(value)) if isinstance(value, list) else value})
    return {member: getattr(call.tenant.settings, setting)}


def _set(tenant: Tenant, **changes: Any) -> None:
    tenant.settings = replace(tenant.settings, **changes)


def tenant_settings(call: Call) -> object:
    """Return or change the tenant's settings; that `friendly_name` is the name in messages is a guess."""
    changes, tenant = call.body(), call.tenant
    directory = changes.get("default_directory")
    if directory and directory not in tenant.connections:
        raise errors.API_UNKNOWN_DIRECTORY(name=directory)
    if directory is not None:
        _set(tenant, default_directory=directory or None)
    if "friendly_name" in changes:
        _set(tenant, name=changes["friendly_name"] or tenant.domains.home.partition(".")[0])
    return {"friendly_name": tenant.settings.name, "default_directory": tenant.settings.default_directory or ""}


def get_connections(call: Call) -> object:
    """List the connections, those with passwords first, each for every application [guess]."""
    tenant = call.tenant
    with_passwords = [(name, "auth0") for name in sorted(tenant.connections)]
    passwordless = [(name, name) for name in CONNECTIONS if name in tenant.settings.passwordless]
    return [
        {
            "id": f"con_{tenant.chance.fork(f'connection/{name}').alnum(16)}",
            "name": name,
            "strategy": strategy,
            "is_domain_connection": False,
            "realms": [name],
            "enabled_clients": list(tenant.clients),
        }
        for name, strategy in (*with_passwords, *passwordless)
    ]


def get_logs(call: Call) -> object:
    """Return the newest entries first; `q` is one term such as `type:gd_send_pn_failure`."""
    tenant = call.tenant
    order, q = call.query.get("sort", "date:-1"), call.query.get("q", "").strip()
    term = TERM.fullmatch(q)
    if order not in ("date:-1", "date:1") or (q and term is None):
        raise errors.NotEmulated(f"this search of /api/v2/logs, or this order ({ONE_TERM})")
    return [
        {
            "date": iso_date(one.date),
            "type": one.type,
            "description": one.description,
            "client_id": one.client_id,
            "client_name": tenant.clients[one.client_id].name if one.client_id in tenant.clients else None,
            "user_id": one.user_id,
            "log_id": one.log_id,
            "_id": one.log_id,
        }
        for one in (tenant.logs if order == "date:1" else reversed(tenant.logs))
        if term is None or getattr(one, term[1]) == (term[2] or term[3])
    ]


# -- applications, and how each authenticates


def shown_client(client: Client, call: Call) -> dict[str, Any]:
    """Return an application as this caller may see it: its secret with `read:client_keys` only."""
    is_native = client.method == "none" and "client_credentials" not in client.grants
    keys = {"private_key_jwt": {"credentials": [{"id": one} for one in client.in_use]}}
    is_by_keys = client.method == "private_key_jwt"
    return {
        "tenant": call.tenant.domains.home.partition(".")[0],
        "global": False,
        "client_id": client.client_id,
        "name": client.name,
        "client_secret": client.client_secret if "read:client_keys" in call.scopes else None,
        "app_type": "native" if is_native else "regular_web",
        "is_first_party": True,
        "oidc_conformant": True,
        "grant_types": [each for each in GRANT_TYPES if each in client.grants],
        "token_endpoint_auth_method": None if is_by_keys else client.method,
        "client_authentication_methods": keys if is_by_keys else None,
    }


def one_client(call: Call) -> object:
    """Return or change an application, which authenticates by a secret, by nothing or by keys (reference, 9.4)."""
    client, body = call.client(), call.body()
    method, methods = body.get("token_endpoint_auth_method"), body.get("client_authentication_methods")
    grants = frozenset(body.get("grant_types", client.grants))
    changes: dict[str, Any] = {"name": body.get("name", client.name), "grants": grants}
    if method is not None and methods is not None:
        raise invalid("token_endpoint_auth_method and client_authentication_methods exclude each other")
    if methods is not None:
        changes |= {"auth_method": "private_key_jwt", "in_use": _named_credentials(client, methods)}
    elif method is not None or "client_authentication_methods" in body:
        changes |= {"auth_method": method, "in_use": ()}
        # Every application of Auth0's has a secret, used or not: a public one gets its own when it needs it.
        if method not in (None, "none") and not client.client_secret:
            changes["client_secret"] = call.tenant.chance.base64url(64)
    client = call.tenant.clients[client.client_id] = replace(client, **changes)
    return shown_client(client, call)


def _named_credentials(client: Client, methods: object) -> tuple[str, ...]:
    """Return the ids that `client_authentication_methods` names. Raises API_INVALID_BODY for an unknown one."""
    place = "client_authentication_methods"
    by_keys = checked(methods, BY_KEYS, f"{place} of PATCH {BASE}/clients/{{id}}", place)["private_key_jwt"]
    place += ".private_key_jwt"
    named = checked(by_keys, CREDENTIALS, inside=place)["credentials"]
    found = (checked(each, NAMED, inside=f"{place}.credentials.{index}") for index, each in enumerate(named))
    ids = tuple(dict.fromkeys(each["id"] for each in found))
    if not ids or not set(ids) <= {one.id for one in client.credentials}:
        raise invalid("credentials must name credentials of this application")
    return ids


def shown_credential(credential: Credential) -> dict[str, object]:
    """Return a public key as the API writes it; none changes, and none expires."""
    return {
        "id": credential.id,
        "name": credential.name,
        "kid": credential.kid,
        "alg": credential.algorithm,
        "credential_type": "public_key",
        "created_at": iso_date(credential.created_at),
        "updated_at": iso_date(credential.created_at),
        "expires_at": None,
    }


def post_credential(call: Call) -> object:
    """Keep a public key; it is of use once `client_authentication_methods` names it."""
    client, body, chance = call.client(), call.body(), call.tenant.chance
    try:
        key = load_pem_public_key(body["pem"].encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        raise invalid("pem must be the PEM of a public RSA key of 2048 bits or more")
    if len(client.credentials) >= MOST_CREDENTIALS:
        raise errors.API_TOO_MANY_CREDENTIALS()
    credential = Credential(
        id=f"cred_{chance.alnum(22)}",
        name=body.get("name"),
        kid=chance.base64url(43),
        algorithm=body.get("alg", ALGORITHMS[0]),
        created_at=call.tenant.clock.now(),
        key=RSAKey.import_key(key),
    )
    call.tenant.clients[client.client_id] = replace(client, credentials=(*client.credentials, credential))
    return {name: value for name, value in shown_credential(credential).items() if name != "expires_at"}


def delete_credential(call: Call) -> None:
    """Forget a public key, in use or not; an application whose last one it was cannot prove anything [guess]."""
    client, gone = call.client(), call.path["credential_id"]
    call.tenant.clients[client.client_id] = replace(
        client,
        credentials=tuple(each for each in client.credentials if each.id != gone),
        in_use=tuple(each for each in client.in_use if each != gone),
    )


# -- users


def shown(tenant: Tenant, user: User) -> dict[str, Any]:
    """Return a user as the API writes one."""
    provider, _, identity = user.user_id.partition("|")
    return {
        "user_id": user.user_id,
        "email": user.email or None,
        "email_verified": user.email_verified if user.email else None,
        "phone_number": user.phone_number or None,
        "name": user.username,
        "nickname": user.username.partition("@")[0],
        "picture": f"{tenant.tokens.issuer}avatars/default.png",
        "identities": [{"connection": user.connection, "provider": provider, "user_id": identity, "isSocial": False}],
        "created_at": iso_date(user.created_at),
        "updated_at": iso_date(max(user.created_at, user.changed_at)),
    }


def get_users_by_email(call: Call) -> object:
    """Return the users of an address, in any case of letters [guess]."""
    email = call.query["email"].lower()
    return [shown(call.tenant, user) for user in call.tenant.users.values() if user.email.lower() == email]


def post_user(call: Call) -> object:
    """Make a database user. A verification email, which Auth0 sends unless told otherwise, is never sent here."""
    body, tenant = call.body(), call.tenant
    connection, password = body["connection"], body.get("password", "")
    if connection not in tenant.connections:
        raise errors.API_UNKNOWN_CONNECTION()
    for name in ("email", "password"):
        if not body.get(name):
            raise invalid(f"Missing required property: {name}")
    kinds = (str.islower, str.isupper, str.isdigit, lambda each: not each.isalnum())
    if len(password) < LEAST_PASSWORD or sum(any(map(kind, password)) for kind in kinds) < LEAST_KINDS:
        raise errors.API_WEAK_PASSWORD()
    if tenant.has_user(connection, body["email"]):
        raise errors.API_USER_EXISTS()
    user = User(
        user_id=tenant.user_ids.user_id(),
        username=body["email"],
        password=password,
        phone_number=body.get("phone_number", ""),
        email=body["email"],
        connection=connection,
        created_at=tenant.clock.now(),
        email_verified=body.get("email_verified", False),
    )
    tenant.add_user(user)
    return shown(tenant, user)


def one_user(call: Call) -> object:
    """Return or change a user; another email is unverified unless the call says it is, and the login's name stays [guess]."""
    user, body = call.user(), call.body()
    changes = {name: body[name] for name in PROFILE if name in body}
    if changes.get("email", user.email) != user.email:
        changes.setdefault("email_verified", False)
    if changes:
        user = call.tenant.users[user.user_id] = replace(user, **changes, changed_at=call.tenant.clock.now())
    return shown(call.tenant, user)


def delete_user(call: Call) -> None:
    """Remove a user; deleting an unknown user also returns 204."""
    if user := call.tenant.users.get(call.user_id()):
        call.tenant.forget_user(user)


def post_ticket(call: Call) -> object:
    """Make a link to the hosted enrollment page, which the sandbox does not have; no mail is sent with it."""
    body = call.body()
    if body["user_id"] not in call.tenant.users:
        raise errors.API_USER_NOT_FOUND()
    ticket_id = call.tenant.chance.alnum(32)
    return {"ticket_id": ticket_id, "ticket_url": f"{call.tenant.domains.origin}/mfa/enrollment?ticket={ticket_id}"}


def regenerate_recovery_code(call: Call) -> object:
    """Give a user a new recovery code, a user without one too: a recorded user had no factor at all."""
    tenant, user_id, every = call.tenant, call.user().user_id, call.tenant.authenticators
    call.body()
    has_room = every.has_room(user_id, 1)
    kept = every.recovery_code_of(user_id)
    if kept is None and not has_room:
        raise errors.API_TOO_MANY_METHODS()
    code = tenant.codes.recovery_code()
    fresh = replace(kept, secret=code) if kept else recovery_entry(tenant, code, active=every.has_factor(user_id))
    every.add(user_id, fresh)
    return {"recovery_code": code}


def delete_multifactor(call: Call) -> None:
    """Remove a legacy provider: google-authenticator takes the authenticator apps along [guess], duo nothing."""
    user_id, provider = call.user().user_id, call.path["provider"]
    if provider not in ("duo", "google-authenticator"):
        raise invalid(f"No enum match for: {provider}", "provider", row=errors.API_INVALID_PATH)
    for entry in call.tenant.authenticators.of(user_id) if provider != "duo" else ():
        if entry.kind == "totp" and not entry.partner:
            call.tenant.remove_authenticator(user_id, entry.id)


def invalidate_remember_browser(call: Call) -> None:
    """Forget the browsers that asked not to be asked again; the MFA API has none."""
    call.user()
    call.body()


# -- authentication methods


class Method(NamedTuple):
    """One method of a user: an authenticator, or the two of one number, for SMS and for voice."""

    id: str
    type: str
    device_id: str
    last_auth: str | None
    entries: list[Authenticator]


def methods_of(tenant: Tenant, user_id: str) -> list[Method]:
    """Return a user's methods; unconfirmed ones are not shown (reference, 9.3)."""
    grouped: dict[tuple[str, str], list[Authenticator]] = {}
    for entry in tenant.authenticators.active_of(user_id):
        kind = "phone" if entry.kind in ("sms", "voice") else entry.kind
        grouped.setdefault((kind, entry.id.rpartition("|")[2]), []).append(entry)
    return [
        Method(
            f"{kind}|{device}", kind, device, iso_date(max(one.last_auth_at or 0.0 for one in entries) or None), entries
        )
        for (kind, device), entries in grouped.items()
    ]


def shown_method(call: Call, method: Method) -> dict[str, Any]:
    """Return a method as a call shows it: PUT unmasked, and only GET says that it is confirmed."""
    first, is_phone, verb = method.entries[0], method.type == "phone", call.endpoint.method
    label = call.tenant.method_labels.get(method.id) or {}
    address = first.address if verb == "PUT" else first.name
    return {
        "id": method.id,
        "type": method.type,
        "confirmed": True if verb == "GET" else None,
        "name": label.get("name") or (first.name if method.type == "push" else None),
        "phone_number": address if is_phone else None,
        "email": address if method.type == "email" else None,
        PREFERRED: label.get(PREFERRED, "sms") if is_phone else None,
        "authentication_methods": [{"id": each.id, "type": each.kind} for each in method.entries] if is_phone else None,
        "created_at": iso_date(first.created_at),
        "enrolled_at": iso_date(first.enrolled_at),
        "last_auth_at": method.last_auth,
    }


def make_methods(call: Call) -> object:
    """Enroll a user without asking: one method more, or (PUT) others in the place of all; they are confirmed at once."""
    tenant, user, replaces = call.tenant, call.user(), call.endpoint.method == "PUT"
    new, made = [], []
    for value in call.array() if replaces else [call.value()]:
        kind = str(value.get("type")) if isinstance(value, dict) else ""
        body = checked(value, NEW_METHOD.get(kind, TYPE), call.endpoint.name)
        of_kind, needed = MADE[kind]
        new.append((body, new_entries(tenant, of_kind, body[needed], tenant.chance.device_id())))
    size = sum(len(entries) for _, entries in new)
    if size > MOST or not (replaces or tenant.authenticators.has_room(user.user_id, size)):
        raise errors.API_TOO_MANY_METHODS()
    if replaces:
        tenant.remove_authenticators(user)
    for body, entries in new:
        tenant.authenticators.add(user.user_id, *entries)
        tenant.confirm(user.user_id, entries[0].id)
        for entry in entries:
            # Only what a user enrolls has a time of that.
            tenant.authenticators.change(user.user_id, entry.id, enrolled_at=None)
        method = next(one for one in methods_of(tenant, user.user_id) if one.entries[0].id == entries[0].id)
        tenant.method_labels[method.id] = {name: body[name] for name in LABEL if name in body}
        made.append(shown_method(call, method))
    return made if replaces else {**made[0], "totp_secret": new[0][0].get("totp_secret")}


def one_method(call: Call) -> object:
    """Return one method, change its name or how a phone is preferably reached, or remove it."""
    tenant, labels = call.tenant, call.tenant.method_labels
    methods = {method.id: method for method in methods_of(tenant, call.user().user_id)}
    method = methods.get(call.path["method_id"])
    if method is None:
        raise errors.API_METHOD_NOT_FOUND()
    if call.endpoint.method == "DELETE":
        labels.pop(method.id, None)
        tenant.remove_authenticator(call.path["id"], method.entries[0].id)
        return None
    changes = call.body()
    if PREFERRED in changes and method.type != "phone":
        raise invalid(f"Additional properties not allowed: {PREFERRED}")
    if changes:
        labels[method.id] = {**labels.get(method.id, {}), **changes}
    return shown_method(call, method)


# -- enrollments


def enrollments_of(tenant: Tenant, user_id: str) -> list[Method]:
    """Return what counts as an enrollment: the codes of a Guardian app belong to its push, a recovery code is none."""
    return [
        one
        for one in methods_of(tenant, user_id)
        if one.type != "recovery-code" and not (one.type == "totp" and one.entries[0].partner)
    ]


def shown_enrollment(tenant: Tenant, method: Method) -> dict[str, Any]:
    """Return one enrollment with all that any path tells of it."""
    first, device = method.entries[0], tenant.devices.get(method.device_id)
    return {
        "id": method.device_id,
        "status": "confirmed",
        "type": KINDS[first.kind].type,
        "name": device.name if device else first.name,
        "identifier": device.identifier if device else None,
        "phone_number": first.name if method.type == "phone" else None,
        "auth_method": KINDS[first.kind].auth_method,
        "enrolled_at": iso_date(first.enrolled_at),
        "last_auth": method.last_auth,
    }


def one_enrollment(call: Call) -> object:
    """Return one enrollment, without the two members that stand in lists only, or remove it."""
    tenant, device_id = call.tenant, call.path["id"]
    # A push is found by key, for the rest every user is looked through.
    device = tenant.devices.get(device_id)
    for user_id in [device.user_id] if device else tenant.users:
        for method in enrollments_of(tenant, user_id):
            if method.device_id == device_id:
                if call.endpoint.method == "DELETE":
                    tenant.remove_authenticator(user_id, method.entries[0].id)
                    return None
                return {**shown_enrollment(tenant, method), "type": None, "auth_method": None}
    raise errors.API_ENROLLMENT_NOT_FOUND()


# fmt: off
ENDPOINTS = (
    Endpoint("GET",    FACTORS,                              "read:guardian_factors",              get_factors),
    Endpoint("PUT",    f"{FACTORS}/{{name}}",                "update:guardian_factors",            put_factor, ENABLED),
    Endpoint("GET",    "/guardian/policies",                 "read:mfa_policies",                  policies),
    Endpoint("PUT",    "/guardian/policies",                 "update:mfa_policies",                policies),
    *(row for path, (member, _, wanted) in REACHED_BY.items() for row in (
    Endpoint("GET",    path,                                 "read:guardian_factors",              reached_by),
    Endpoint("PUT",    path,                                 "update:guardian_factors",            reached_by, {member: wanted}),
    )),
    Endpoint("GET",    "/clients",                           "read:clients",                       lambda call: [shown_client(one, call) for one in call.tenant.clients.values()], query=PAGING | CHOICE | {"is_global": FLAG, "is_first_party": FLAG, "app_type": TEXT}, named="clients", evidence=errors.API_CLIENTS),
    Endpoint("GET",    "/clients/{id}",                      "read:clients",                       one_client, query=CHOICE, evidence=errors.API_CLIENT),
    Endpoint("PATCH",  "/clients/{id}",                      "update:clients",                     one_client, CLIENT, evidence=errors.API_CLIENT),
    Endpoint("GET",    "/clients/{id}/credentials",          "read:client_credentials",            lambda call: [shown_credential(one) for one in call.client().credentials], evidence=errors.API_CREDENTIALS),
    Endpoint("POST",   "/clients/{id}/credentials",          "create:client_credentials",          post_credential, CREDENTIAL, evidence=errors.API_CREDENTIAL_MADE),
    Endpoint("DELETE", "/clients/{id}/credentials/{credential_id}", "delete:client_credentials",   delete_credential, evidence=errors.API_CREDENTIAL_GONE),
    Endpoint("GET",    "/connections",                       "read:connections",                   get_connections, query=PAGING | CHOICE | {"name": TEXT, "strategy": TEXT}, named="connections", evidence=errors.API_CONNECTIONS),
    Endpoint("GET",    "/tenants/settings",                  "read:tenant_settings",               tenant_settings, query=CHOICE, evidence=errors.API_SETTINGS),
    Endpoint("PATCH",  "/tenants/settings",                  "update:tenant_settings",             tenant_settings, SETTINGS, evidence=errors.API_SETTINGS),
    Endpoint("GET",    "/logs",                              "read:logs",                          get_logs, query=PAGING | CHOICE | {"take": PAGING["per_page"], "sort": TEXT, "q": TEXT}, named="logs", evidence=errors.API_LOGS),
    Endpoint("POST",   "/guardian/enrollments/ticket",       "create:guardian_enrollment_tickets", post_ticket, TICKET),
    Endpoint("GET",    "/guardian/enrollments/{id}",         "read:guardian_enrollments",          one_enrollment, evidence=errors.API_ENROLLMENT),
    Endpoint("DELETE", "/guardian/enrollments/{id}",         "delete:guardian_enrollments",        one_enrollment),
    Endpoint("GET",    "/users/{id}/enrollments",            "read:users read:current_user",       lambda call: [shown_enrollment(call.tenant, one) for one in enrollments_of(call.tenant, call.user().user_id)], evidence=errors.API_ENROLLMENT),
    Endpoint("GET",    "/users-by-email",                    "read:users",                         get_users_by_email, query=CHOICE | {"email": Property(required=True, form="email")}, evidence=errors.API_USER),
    Endpoint("POST",   "/users",                             "create:users",                       post_user, NEW_USER, evidence=errors.API_USER_MADE),
    Endpoint("GET",    "/users/{id}",                        "read:users",                         one_user, query=CHOICE, evidence=errors.API_USER),
    Endpoint("DELETE", "/users/{id}",                        "delete:users",                       delete_user, evidence=errors.API_USER_GONE),
    Endpoint("PATCH",  "/users/{id}",                        "update:users",                       one_user, USER, evidence=errors.API_USER),
    Endpoint("DELETE", "/users/{id}/authenticators",         "delete:guardian_enrollments",        lambda call: call.tenant.remove_authenticators(call.user())),
    Endpoint("POST",   "/users/{id}/recovery-code-regeneration", "update:users",                   regenerate_recovery_code),
    Endpoint("DELETE", "/users/{id}/multifactor/{provider}", "update:users",                       delete_multifactor, evidence=errors.API_MULTIFACTOR),
    Endpoint("POST",   "/users/{id}/multifactor/actions/invalidate-remember-browser", "update:users", invalidate_remember_browser),
    Endpoint("GET",    METHODS,                              "read:authentication_methods",        lambda call: [shown_method(call, one) for one in methods_of(call.tenant, call.user().user_id)], query=PAGING, named="authenticators"),
    Endpoint("POST",   METHODS,                              "create:authentication_methods",      make_methods, evidence=errors.API_METHOD_MADE),
    Endpoint("PUT",    METHODS,                              "update:authentication_methods",      make_methods),
    Endpoint("DELETE", METHODS,                              "delete:authentication_methods",      lambda call: call.tenant.remove_authenticators(call.user())),
    Endpoint("GET",    f"{METHODS}/{{method_id}}",           "read:authentication_methods",        one_method),
    Endpoint("PATCH",  f"{METHODS}/{{method_id}}",           "update:authentication_methods",      one_method, LABEL, evidence=errors.API_METHOD),
    Endpoint("DELETE", f"{METHODS}/{{method_id}}",           "delete:authentication_methods",      one_method),
)
# fmt: on
"""Every call that is emulated."""


def answer(endpoint: Endpoint, tenant: Tenant, request: Request) -> Response:
    """Answer one call; the order of the checks is a guess: the token, its scope, the query, what the path names, the body."""
    scopes, needed = _scopes(tenant, request), endpoint.scope.split()
    if scopes.isdisjoint(needed):
        raise errors.API_INSUFFICIENT_SCOPE(scopes=",".join(needed))
    query = checked_query(endpoint, request.query_params)
    call = Call(endpoint, tenant, request.path_params, query, request.content, scopes)
    body, row = _shown(call, endpoint.answer(call)), endpoint.evidence
    if row:
        request.notes += row.notes
    if body is None:
        return Response(status_code=204, headers=CACHE)
    return JSON(body, status_code=row.status if row else 200, headers=CACHE)


def _scopes(tenant: Tenant, request: Request) -> frozenset[str]:
    """Return the scopes of a living token for this API. Raises the first of the six refusals that fits."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer":
        raise errors.API_NO_TOKEN(headers={"www-authenticate": "Bearer"})
    if token.count(".") != 2:
        raise errors.API_NO_JWT()
    if (said := unverified_claims(token)) is None:
        raise errors.API_INVALID_TOKEN()
    audience = said.get("aud")
    if not tenant.domains.is_ours(audience, MANAGEMENT_PATH):
        raise errors.API_BAD_AUDIENCE(
            audience=",".join(map(str, audience if isinstance(audience, list) else [audience]))
        )
    if claims := tenant.tokens.claims_of(token):
        return frozenset(str(claims.get("scope", "")).split())
    is_ours = tenant.tokens.claims_of(token, is_expired=True)
    raise errors.API_EXPIRED_TOKEN() if is_ours else errors.API_INVALID_SIGNATURE()


def _shown(call: Call, body: object) -> object:
    """Return of an answer what the query asks for: some items, some members of each, one page (9.3)."""
    query, named, is_list = call.query, call.endpoint.named, isinstance(body, list)
    names = {name.strip() for name in query.get("fields", "").split(",") if name.strip()}
    is_included = query.get("include_fields", True)
    if names and named in BESIDE and is_included:
        names.add(BESIDE[named])
    items: list[Any] = []
    for item in body if isinstance(body, list) else [body]:
        known: Any = item
        if isinstance(item, dict):
            known = {name: value for name, value in item.items() if value is not None or name in NULLS}
        if all(_fits(known[FILTERS[name]], query[name]) for name in query if name in FILTERS):
            items.append(
                {name: value for name, value in known.items() if (name in names) is is_included} if names else known
            )
    if not is_list:
        return items[0]
    if "page" not in (call.endpoint.query or {}):
        return items
    page, limit, total = query.get("page", 0), query.get("take", query.get("per_page", PER_PAGE)), len(items)
    items = items[page * limit : (page + 1) * limit]
    if not query.get("include_totals"):
        return items
    return {named: items, **({"total": total} if total else {}), "start": page * limit, "limit": limit}


def _fits(member: object, wanted: str | bool) -> bool:
    return member in wanted.split(",") if isinstance(wanted, str) else member is wanted


ROUTES: Routes = tuple((each.method, f"{BASE}{each.path}", partial(answer, each)) for each in ENDPOINTS)

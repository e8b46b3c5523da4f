"""Writes the tables of README and docs anew, between their markers: `make readme`."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import httpx

from auth0_mfa_lab import Lab
from auth0_mfa_lab.conduct.rules import RULES
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.app import KINDS, ROUTES
from auth0_mfa_lab.sandbox.errors import ROWS, TOKEN
from auth0_mfa_lab.sandbox.management.api import BASE, ENDPOINTS
from auth0_mfa_lab.sandbox.not_emulated import ANYWHERE, IGNORED, TABLE, Absent
from auth0_mfa_lab.sandbox.oauth.api import GRANT
from auth0_mfa_lab.sandbox.settings import SWITCHES, Factor
from auth0_mfa_lab.sandbox.variations import VARIATIONS
from auth0_mfa_lab.show.meanings import MEANINGS
from auth0_mfa_lab.tenants.tables import MARKS, counted
from tests import mothers

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(?=<!-- end -->)", re.DOTALL)
GRANTS = "http://auth0.com/oauth/grant-type/"
MOST = 8
"""How many names of a row are shown."""
NONE_OF_OURS = (404, 405, 501)
"""What the sandbox answers to what it has not."""

WHAT = dict(
    mothers.rows("""
POST /mfa/associate | begins an enrollment
GET /mfa/authenticators | lists a user's authenticators
DELETE /mfa/authenticators/{id} | removes one
POST /mfa/challenge | asks an authenticator for a proof
POST /passwordless/start | sends a code, or a link by email
GET /userinfo | the profile of a user
POST /userinfo | the same
POST /oauth/revoke | ends a refresh token
GET /.well-known/openid-configuration | where each endpoint is
GET /.well-known/jwks.json | the keys of the tokens' signatures
POST /appliance-mfa/api/enroll | Guardian's device API: the phone enrolls
POST /appliance-mfa/api/resolve-transaction | Guardian's device API: the phone allows or rejects
PATCH /appliance-mfa/api/device-accounts/{id} | Guardian's device API: the phone changes its push token
DELETE /appliance-mfa/api/device-accounts/{id} | Guardian's device API: the phone leaves
""")
)
"""What each route is for; those of the Management API and the grants have tables of their own."""
GRANT_WHAT = dict(
    mothers.rows("""
password | a password, of the default directory
password-realm | a password, of a connection
mfa-oob | a push, or the code of an SMS, a call or an email
mfa-otp | a one-time code
mfa-recovery-code | a recovery code
passwordless/otp | a code of /passwordless/start
refresh_token | a refresh token
client_credentials | the application itself
""")
)
FACTORS = """
push                     | `oob`, channel `auth0`             | push-notification       | oob auth0
otp                      | `otp`                              | otp                     | otp
sms                      | `oob`, channel `sms`               | sms, message type sms   | oob sms
voice                    | `oob`, channel `voice`             | sms, message type voice | oob voice
email                    | `oob`, channel `email`             | email                   | oob email
recovery code            | comes with the first of the others | recovery-code           | otp
Duo                      | none                               | duo                     | duo
WebAuthn with a key      | none                               | webauthn-roaming        | webauthn-roaming
WebAuthn with the device | none                               | webauthn-platform       | webauthn-platform
passkey                  | none                               | none                    | passkey
"""
"""A factor, how it is enrolled, its name in the Management API, and the type and the channel to ask for."""
AUTHENTICATIONS = dict(
    mothers.rows("""
client_secret_post | the secret in the body
client_secret_basic | the secret in the header
none | the id alone: a public application
private_key_jwt | a JWT of the application's own key
""")
)
FAULTS = dict(
    mothers.rows("""
429 | 429 `too_many_requests`, with `Retry-After` and `x-ratelimit-*`; `retry_after` seconds (1)
5xx | `status` (503) with an error in JSON
html | `status` (502) with a gateway's page in HTML
slow | the answer, `seconds` (1) late
drop | no answer: the connection is closed
late_approval | after *Allow*, `polls` (1) more polls are pending
lost_push | the next push does not reach the phone
""")
)
# An answer, as its code and description begin, and what the person should read; others are mistakes of the app's.
SCREENS = dict(
    mothers.rows("""
mfa_required: | Confirm that it is you.
authorization_pending: | Open the request on your phone and press Allow. No push? Use a code.
slow_down: | the same: nothing changes on the screen
invalid_grant: MFA Authorization rejected | The request was rejected. Try again? Or: The recovery code is wrong.
invalid_grant: Invalid otp_code | This code is not right. Wait for the next one, and check your phone's clock.
invalid_grant: Invalid binding_code | This code is not right. Type the code of the newest message.
invalid_grant: Invalid oob_code | This request is over. Send a new one?
invalid_grant: user is blocked | Your account is blocked. Please contact support.
invalid_grant: Wrong email or password | Email or password is wrong.
invalid_grant: Wrong email or verification code | The code is wrong or too old. Type it again, or get a new one.
invalid_grant: You've reached the maximum number of attempts | Too many tries with this code. Get a new one.
invalid_grant: Unknown or invalid refresh token | Please log in again.
expired_token: mfa_token | This took too long. Please log in again.
expired_token: oob_code | The request has expired. Send a new one?
association_required: | Set up a second step to go on.
unsupported_challenge_type: User does not have a recovery-code | You have no recovery code. Choose another way.
invalid_request: Too many failed codes | Too many wrong codes. Wait six minutes, or choose another way.
invalid_request: Too many SMS sent | Too many messages. Choose another way, or try again in an hour.
invalid_request: Too many push | Too many requests. Wait a few minutes, or choose another way.
invalid_request: User has created the maximum | You have too many devices. Please contact support.
bad.phone_number: | This is no phone number. Begin with plus and country: +1 555 0100.
access_denied: by an Action | You may not log in. Please contact support.
password_leaked: | This password is known from a leak. Choose a new one.
too_many_attempts: | Too many tries. Please try again later.
too_many_requests: | One moment, please.
bad.email: | This is no email address.
sms_provider_error: | The message could not be sent. Choose another way.
502: HTML of a gateway | One moment, please.
""")
)


class Probes:
    """Finds what the sandbox emulates by asking one in which every factor is on."""

    def __init__(self) -> None:
        self.box = Sandbox()
        settings = self.box.tenant.settings
        changes: dict[str, Any] = {"factors": frozenset(get_args(Factor)), "message_types": ("sms", "voice")}
        self.box.tenant.settings = replace(settings, **changes)
        self.http = httpx.Client(transport=self.box.transport, base_url=f"https://{self.box.domain}")

    def route(self, call: str) -> str:
        """Tell whether there is this route: asked with nothing in hand, it refuses as Auth0 would."""
        method, path = call.replace("{id}", "x").split()
        return yes(self.http.request(method, path).status_code not in NONE_OF_OURS)

    def factor(self, kind: str, *channels: str) -> str:
        """Tell whether a factor can be enrolled, or that Auth0's API has no such factor."""
        user, known = self.box.add_user(), self.box.defaults
        login = {"grant_type": "password", "username": user.username, "password": user.password}
        login |= {"client_id": known.client_id, "client_secret": known.client_secret}
        headers = {"authorization": f"Bearer {self.http.post('/oauth/token', data=login).json()['mfa_token']}"}
        body = {
            "authenticator_types": [kind],
            "phone_number": "+15550123",
            **({"oob_channels": channels} if channels else {}),
        }
        status = self.http.post("/mfa/associate", json=body, headers=headers).status_code
        return "yes" if status == 200 else "no" if status == 501 else "not in Auth0's MFA API"


def yes(there: bool) -> str:
    return "yes" if there else "no"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    head = list(head)
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---"] * len(head), *rows])


def factors() -> str:
    """Return each factor, how it is enrolled, what turns it on, and whether the sandbox has it."""
    ask = Probes()
    rows = [(*row, ask.factor(*asked.split())) for *row, asked in mothers.rows(FACTORS)]
    return table(("factor", "`authenticator_types`", "factor of the Management API", "emulated"), rows)


def endpoints() -> str:
    """Return each route of the sandbox, and what Auth0 has beside them."""
    ask = Probes()
    rows = [(f"`{call}`", WHAT[call], ask.route(call)) for call in routes()]
    for row in TABLE:
        if row.kind == "path" and "/api/" not in row.names:
            rows += [(quoted(row) if row.where == ANYWHERE else f"`{row.where} {row.names}`", row.what, "no")]
    return table(("endpoint", "for", "emulated"), rows)


def quoted(row: Absent) -> str:
    """Return the names of a row, as many as a line has room for."""
    first, *more = (f"`{name}`" for name in row.names.split())
    return ", ".join([first, *more][:MOST]) + (", ..." if len(more) >= MOST else "")


def routes() -> list[str]:
    """Return the calls of the sandbox's routes, but for the token endpoint and the Management API."""
    found = []
    for route in ROUTES:
        # Guardian's device API is there a second time, for a tenant's own domain.
        if route.path == "/oauth/token" or route.path.startswith("/api/"):
            continue
        found += [f"{method} {route.path}" for method in sorted(route.methods or ()) if method != "HEAD"]
    return found


def grants() -> str:
    """Return each grant of the token endpoint, and each way to authenticate there."""
    what = {name: (GRANT_WHAT[short(name)], "yes") for name in GRANT}
    rows = [(f"grant `{short(name)}`", *each) for name, each in what.items()]
    rows += [(f"authentication `{name}`", each, "yes") for name, each in AUTHENTICATIONS.items()]
    for rows_of, said in (TABLE, "no"), (IGNORED, "ignored, as by Auth0"):
        at = [row for row in rows_of if row.kind in ("grant", "parameter", "header", "audience")]
        rows += [(f"{row.kind} {quoted(row)}{row.where.partition(TOKEN)[2]}", row.what, said) for row in at]
    return table(("`POST /oauth/token`", "with", "emulated"), rows)


def short(grant_type: str) -> str:
    """Return a grant's name without the prefix that Auth0's own have."""
    return grant_type.removeprefix(GRANTS)


def management() -> str:
    """Return each call of the Management API."""
    rows = [(f"`{each.method} {each.path}`", f"`{each.scope.replace(' ', '` or `')}`", "yes") for each in ENDPOINTS]
    absent = [row for row in TABLE if row.kind != "path" and BASE in row.where]
    rows += [(f"{row.kind} {quoted(row)} of `{row.where.replace(BASE, '')}`", row.what, "no") for row in absent]
    return table((f"below `{BASE}`", "scope", "emulated"), [*rows, ("any other path", "", "no")])


def evidence() -> str:
    """Return how many answers of the sandbox are known how well."""
    counts = counted(Lab.sandbox().tenant.evidence())
    rows = ((f"`{mark}`", what, *(str(counts[part][mark]) for part in counts)) for mark, what in MARKS.items())
    return table(("mark", "the answer is", *counts), rows)


def known() -> str:
    """Return each answer of the sandbox that is no plain success, and how well it is known."""
    rows = (
        (row.endpoint, row.case, f"{row.status} {row.error}", row.text, row.status_mark, row.error_mark, row.text_mark)
        for row in ROWS
    )
    head = ("endpoint", "when", "status and error", "text", "status by", "error by", "text by")
    return table(head, ([cell.replace("|", r"\|").replace("<", "&lt;") for cell in row] for row in rows))


def switches() -> str:
    """Return each switch, what it may be, and what it decides."""
    values = {name: [f"`{value}`" for value in switch.values] for name, switch in SWITCHES.items()}
    rows = ((f"`{name}`", first, ", ".join(more), SWITCHES[name].decides) for name, (first, *more) in values.items())
    return table(("switch", "at first", "or", "decides"), rows)


def limits() -> str:
    """Return each limit as the sandbox has it."""
    box = Sandbox()
    limits = box.limits(box.defaults.user_id)
    rows = ((f"`{row['name']}`", str(row["burst"]), row["per"], row["owner"], f"`{row['mark']}`") for row in limits)
    return table(("limit", "at once", "then", "for each", "mark"), rows)


def defaults() -> str:
    """Return what the sandbox's tenant begins with, beside what a new tenant of Auth0's has."""
    box = Sandbox()
    set_to, grants = box.tenant.settings, box.tenant.clients[box.defaults.client_id].grants
    rows = (
        ("policy", set_to.policy, "never"),
        ("factors", ", ".join(sorted(set_to.factors)), "none"),
        ("message types of the phone factor", ", ".join(set_to.message_types), "none"),
        ("passwordless connections", ", ".join(sorted(set_to.passwordless)), "none"),
        ("push provider", set_to.push_provider, "guardian"),
        ("default directory", set_to.default_directory or "none", "none"),
        ("grants of an application", ", ".join(sorted(map(short, grants))), "no password, MFA or passwordless grant"),
    )
    return table(("setting", "sandbox", "new tenant"), rows)


def faults() -> str:
    """Return each kind of fault, what it does, and the fields that it reads."""
    rows = ((f"`{kind}`", FAULTS[kind], ", ".join(f"`{field}`" for field in fields)) for kind, fields in KINDS.items())
    return table(("kind", "the next call gets", "reads"), rows)


def meaning(answer: str) -> tuple[str, str]:
    """Return the row of MEANINGS that fits `code: description`."""
    return next(row for row in MEANINGS if re.match(row[0], answer))


def answers(with_screen: bool) -> list[list[str]]:
    """Return the answers of the MFA API, the token endpoint and the passwordless start, one row for each meaning."""
    found: dict[tuple[str, str], dict[tuple[str, str], set[int]]] = {row: {} for row in MEANINGS}
    for row in ROWS:
        if row.error and "/api/" not in row.endpoint and not row.text.startswith("{problem}"):
            short = re.split(r"[.(:]", row.text)[0].strip()
            found[meaning(f"{row.error}: {row.text}")].setdefault((row.error, short), set()).add(row.status)
    screens, rows = {meaning(answer): (answer, read) for answer, read in SCREENS.items()}, []
    for meant, of_ours in found.items():
        said = [f"{' or '.join(map(str, sorted(each)))} `{error}`: *{text}*" for (error, text), each in of_ours.items()]
        if meant in screens and with_screen:
            answer, read = screens[meant]
            code, _, text = answer.partition(": ")
            # The sandbox has no blocked user, no Action and no gateway.
            rows += [["<br>".join(said) or f"`{code.rstrip(':')}`" + f": *{text}*" * bool(text), read, meant[1]]]
        elif said and meant not in screens and not with_screen:
            rows += [["<br>".join(said), meant[1]]]
    return [[cell.replace("|", r"\|") for cell in row] for row in rows]


def screens() -> str:
    """Return the answers after which the person can do something."""
    return table(("answer", "the person reads", "the app"), answers(with_screen=True))


def mistakes() -> str:
    """Return the answers that only the app's or the tenant's owner can mend."""
    return table(("answer", "what to mend"), answers(with_screen=False))


def variations() -> str:
    """Return what `vary` varies, those that find most with their star."""
    rows = ((row.star, f"`{name}`", row.changes, row.evidence, row.finds) for name, row in VARIATIONS.items())
    return table(("", "id", "what changes", "evidence", "what it finds"), rows)


def rules() -> str:
    """Return what `conduct` judges an application by."""
    rows = ((f"`{each.id}`", each.level, each.sentence, each.source, each.cost, each.act) for each in RULES)
    return table(("id", "level", "rule", "source", "what a breach costs", "what shows it"), rows)


_SANDBOX = (factors, endpoints, grants, management, evidence, known, switches, limits, defaults, faults, variations)
TABLES: Mapping[str, Callable[[], str]] = {each.__name__: each for each in (*_SANDBOX, screens, mistakes, rules)}


def written(text: str) -> str:
    """Return a page with each of its tables as it is now."""
    return _TABLE.sub(lambda found: found[1] + TABLES[found[2]](), text)


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")

"""Writes the README's tables anew, between their markers: `make readme`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from auth0_mfa_lab import Lab
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.app import ROUTES
from auth0_mfa_lab.sandbox.management.api import BASE, ENDPOINTS
from auth0_mfa_lab.sandbox.oauth.api import GRANT, NOT_EMULATED
from auth0_mfa_lab.sandbox.settings import SWITCHES
from auth0_mfa_lab.tenants.tables import MARKS, counted
from tests.readme_probes import GRANTS, Probes

README = Path(__file__).parent.parent / "README.md"
_BETWEEN = r"(?<=<!-- table: {name} -->\n).*?(?=<!-- end -->)"

WHAT = {
    "POST /mfa/associate": "begins an enrollment",
    "GET /mfa/authenticators": "lists a user's authenticators",
    "DELETE /mfa/authenticators/{id}": "removes one",
    "POST /mfa/challenge": "asks an authenticator for a proof",
    "POST /passwordless/start": "sends a code, or a link by email",
    "GET /passwordless/verify_redirect": "what a magic link opens; it needs a browser",
    "GET /mfa/enrollment": "what an enrollment ticket opens; it needs a browser",
    "GET /userinfo": "the profile of a user",
    "POST /userinfo": "the same",
    "POST /oauth/revoke": "ends a refresh token",
    "GET /.well-known/openid-configuration": "where each endpoint is",
    "GET /.well-known/jwks.json": "the keys of the tokens' signatures",
    "POST /appliance-mfa/api/enroll": "Guardian's device API: the phone enrolls",
    "POST /appliance-mfa/api/resolve-transaction": "Guardian's device API: the phone allows or rejects",
    "PATCH /appliance-mfa/api/device-accounts/{id}": "Guardian's device API: the phone changes its push token",
    "DELETE /appliance-mfa/api/device-accounts/{id}": "Guardian's device API: the phone leaves",
}
"""What each route is for; those of the Management API and the grants have tables of their own."""
ABSENT = {
    "GET /authorize": "a login in the browser (Universal Login)",
    "POST /oauth/device/code": "a login on another device",
    "POST /otp/challenge": "one-time codes for database users, early access",
    "POST /dbconnections/signup": "a user who signs up",
}
"""What Auth0 has beside them, and an integrator may look for."""
GRANT_WHAT = {
    "password": "a password, of the default directory",
    "password-realm": "a password, of a connection",
    "mfa-oob": "a push, or the code of an SMS, a call or an email",
    "mfa-otp": "a one-time code",
    "mfa-recovery-code": "a recovery code",
    "passwordless/otp": "a code of /passwordless/start",
    "refresh_token": "a refresh token",
    "client_credentials": "the application itself",
}
AUTHENTICATIONS = {
    "client_secret_post": "the secret in the body",
    "client_secret_basic": "the secret in the header",
    "none": "the id alone: a public application",
    "private_key_jwt": "a JWT of the application's own key",
}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    cells = [list(head), *map(list, rows)]
    rule = ["---"] * len(cells[0])
    return "".join(f"| {' | '.join(row)} |\n" for row in [cells[0], rule, *cells[1:]])


def factors() -> str:
    """Return each factor, how it is enrolled, what turns it on, and whether the sandbox has it."""
    ask = Probes()
    recovery = "yes" if ask.recovery_codes() else "no"
    oob = {"push": "auth0", "sms": "sms", "voice": "voice", "email": "email"}
    setting = {"push": "push-notification", "sms": "sms, message type sms", "voice": "sms, message type voice"}
    out_of_band = [
        (name, f"`oob`, channel `{channel}`", setting.get(name, name), ask.factor(["oob"], [channel]))
        for name, channel in oob.items()
    ]
    others = {"Duo": "duo", "WebAuthn with a key": "webauthn-roaming", "WebAuthn with the device": "webauthn-platform"}
    return table(
        ("factor", "`authenticator_types`", "factor of the Management API", "emulated"),
        [
            out_of_band[0],
            ("otp", "`otp`", "otp", ask.factor(["otp"])),
            *out_of_band[1:],
            ("recovery code", "comes with the first of the others", "recovery-code", recovery),
            *((name, "none", each, ask.factor([each])) for name, each in others.items()),
            ("passkey", "none", "none", ask.factor(["passkey"])),
        ],
    )


def endpoints() -> str:
    """Return each route of the sandbox, and what Auth0 has beside them."""
    ask = Probes()
    rows = [(call, WHAT[call], ask.route(*call.split())) for call in routes()]
    rows += [(call, what, ask.route(*call.split())) for call, what in ABSENT.items()]
    return table(("endpoint", "for", "emulated"), ((f"`{call}`", what, yes(there)) for call, what, there in rows))


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
    ask = Probes()
    has = list(GRANT)
    rows = [(f"grant `{short(name)}`", GRANT_WHAT[short(name)], ask.grant(name)) for name in has]
    rows += [(f"grant `{short(name)}`", "not part of these flows", ask.grant(name)) for name in sorted(NOT_EMULATED)]
    rows += [(f"authentication `{name}`", what, ask.authentication(name)) for name, what in AUTHENTICATIONS.items()]
    return table(("`POST /oauth/token`", "with", "emulated"), ((name, what, yes(there)) for name, what, there in rows))


def short(grant_type: str) -> str:
    """Return a grant's name without the prefix that Auth0's own have."""
    return grant_type.removeprefix(GRANTS)


def management() -> str:
    """Return each call of the Management API."""
    rows = [
        (f"`{call.method} {call.path}`", " or ".join(f"`{each}`" for each in call.scope.split()), "yes")
        for call in ENDPOINTS
    ]
    other = yes(Probes().route("GET", f"{BASE}/hooks"))
    return table((f"below `{BASE}`", "scope", "emulated"), [*rows, ("any other path", "", other)])


def evidence() -> str:
    """Return how many answers of the sandbox are known how well."""
    counts = counted(Lab.sandbox().tenant.evidence())
    rows = ((f"`{mark}`", what, *(str(counts[part][mark]) for part in counts)) for mark, what in MARKS.items())
    return table(("mark", "the answer is", *counts), rows)


def switches() -> str:
    """Return each switch, what it may be, and what it decides."""
    named = {name: [f"`{value}`" for value in switch.values] for name, switch in SWITCHES.items()}
    return table(
        ("switch", "at first", "or", "decides"),
        ((f"`{name}`", values[0], ", ".join(values[1:]), SWITCHES[name].decides) for name, values in named.items()),
    )


def limits() -> str:
    """Return each limit as the sandbox has it."""
    box = Sandbox()
    rows = box.limits(box.defaults.user_id)
    return table(
        ("limit", "at once", "then", "for each", "mark"),
        ((f"`{row['name']}`", str(row["burst"]), row["per"], row["owner"], f"`{row['mark']}`") for row in rows),
    )


def defaults() -> str:
    """Return what the sandbox's tenant begins with, beside what a new tenant of Auth0's has."""
    box = Sandbox()
    set_to, confidential = box.tenant.settings, box.tenant.clients[box.defaults.client_id]
    directory = set_to.default_directory or "none"
    ours: Mapping[str, tuple[str, str]] = {
        "policy": (set_to.policy, "never"),
        "factors": (", ".join(sorted(set_to.factors)), "none"),
        "message types of the phone factor": (", ".join(set_to.message_types), "none"),
        "passwordless connections": (", ".join(sorted(set_to.passwordless)), "none"),
        "push provider": (set_to.push_provider, "guardian"),
        "default directory": (directory, "none"),
        "grants of an application": (
            ", ".join(sorted(map(short, confidential.grants))),
            "no password, MFA or passwordless grant",
        ),
    }
    return table(("setting", "sandbox", "new tenant"), ((name, *values) for name, values in ours.items()))


TABLES: Mapping[str, Callable[[], str]] = {
    "factors": factors,
    "endpoints": endpoints,
    "grants": grants,
    "management": management,
    "evidence": evidence,
    "switches": switches,
    "limits": limits,
    "defaults": defaults,
}


def yes(there: bool) -> str:
    return "yes" if there else "no"


def between(name: str, text: str) -> str:
    """Return what stands between a table's markers; ValueError when they are not there."""
    found = re.search(_BETWEEN.format(name=name), text, re.DOTALL)
    if found is None:
        raise ValueError(f"The README has no markers <!-- table: {name} --> and <!-- end -->.")
    return found[0]


def written(text: str) -> str:
    """Return the README with each table as it is now."""
    for name, make in TABLES.items():
        text = text.replace(f"<!-- table: {name} -->\n{between(name, text)}", f"<!-- table: {name} -->\n{make()}")
    return text


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")

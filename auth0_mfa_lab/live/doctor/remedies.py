"""For each setting of a tenant: what one meets while it is missing, and where it is mended.

Source: the reference, sections 9 and 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from auth0_mfa_lab.live.doctor.change import Change
from auth0_mfa_lab.live.doctor.finding import Finding
from auth0_mfa_lab.live.doctor.subject import Subject

LEGACY = "http://auth0.com/oauth/grant-type/"
MFA_GRANTS = tuple(f"{LEGACY}mfa-{each}" for each in ("oob", "otp", "recovery-code"))
PASSWORD_GRANTS = ("password", f"{LEGACY}password-realm")
PASSWORDLESS_GRANTS = (f"{LEGACY}passwordless/otp",)

_MFA = "Security > Multi-factor Auth"
_SETTINGS = "Applications > Applications > the application > Settings"
_GRANTS = f"{_SETTINGS} > Advanced Settings > Grant Types"
_OFF = "POST /mfa/associate answers unsupported_challenge_type, and a challenge 401 unsupported_challenge_type"
_NOT_ALLOWED = "403 unauthorized_client: Grant type '...' not allowed for the client."
_FACTORS, _PHONE = "/guardian/factors", "/guardian/factors/phone/message-types"
_PUSH = f"{_FACTORS}/push-notification/selected-provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What a missing setting shows itself by, its place in the dashboard, and the call that mends it, if any does."""

    symptom: str
    dashboard: str
    change: Change | None = None


def missing(subject: Subject, name: str, said: str) -> Finding:
    """Return the finding that a setting is missing, with all that is known about mending it."""
    remedy = remedy_of(subject, name)
    change, domain = remedy.change, subject.management_domain
    return Finding(
        name=name,
        state="missing",
        said=said,
        symptom=remedy.symptom,
        dashboard=remedy.dashboard,
        curl=change.curl(domain) if change else "",
        cli=change.cli() if change else "",
        call=change.call if change else None,
    )


def remedy_of(subject: Subject, name: str) -> Remedy:
    """Return what is known about a setting by its finding's name."""
    known = {**_FIXED, **_of_application(subject)}
    return known[name]


def _factor(name: str, symptom: str, dashboard: str) -> Remedy:
    change = Change(read=_FACTORS, method="PUT", path=f"{_FACTORS}/{name}", key="enabled", item=name, value=True)
    return Remedy(symptom=symptom, dashboard=f"{_MFA} > {dashboard}", change=change)


def _message_type(name: str) -> Remedy:
    return Remedy(
        symptom=f"POST /mfa/associate with {name} answers unsupported_challenge_type, as for a factor that is off",
        dashboard=f"{_MFA} > Phone Message > Delivery method",
        change=Change(read=_PHONE, method="PUT", path=_PHONE, key="message_types", adds=(name,)),
    )


def _of_application(subject: Subject) -> dict[str, Remedy]:
    client = f"/clients/{quote(subject.client.client_id, safe='')}"

    def grants(symptom: str, box: str, adds: tuple[str, ...]) -> Remedy:
        read = f"{client}?fields=grant_types"
        change = Change(read=read, method="PATCH", path=client, key="grant_types", adds=adds)
        return Remedy(symptom=symptom, dashboard=f"{_GRANTS} > {box}", change=change)

    settings = "/tenants/settings"
    directory = Change(read=settings, method="PATCH", path=settings, key="default_directory", value=subject.realm)
    return {
        "password grant": grants(f"The login answers {_NOT_ALLOWED}", "Password", PASSWORD_GRANTS),
        "MFA grant": grants(f"The login answers mfa_required, and the step after it {_NOT_ALLOWED}", "MFA", MFA_GRANTS),
        "passwordless grant": grants(
            f"POST /passwordless/start and the grant of its code answer {_NOT_ALLOWED}",
            "Passwordless OTP",
            PASSWORDLESS_GRANTS,
        ),
        "default directory": Remedy(
            symptom="Plain password answers 500 server_error: Authorization server not configured with default "
            "connection. Trying again does not help",
            dashboard="Settings > General > API Authorization Settings > Default Directory",
            change=directory,
        ),
    }


_FIXED = {
    "client secret": Remedy(
        symptom="Every call with the application's credentials answers 401 access_denied: Unauthorized; only the calls "
        "with a Bearer go on working",
        dashboard=f"{_SETTINGS} > Basic Information > Client ID, Client Secret; Credentials > Authentication Method",
    ),
    "connection": Remedy(
        symptom="The password-realm grant answers 400 invalid_request or 403 invalid_grant: Wrong email or password.",
        dashboard="Authentication > Database > the connection > Applications; its name is AUTH0_REALM",
    ),
    "audience": Remedy(
        symptom="A grant that names AUTH0_AUDIENCE answers 400 invalid_request or 403 access_denied",
        dashboard="Applications > APIs > the API > Settings > Identifier; it is AUTH0_AUDIENCE, with its last slash",
    ),
    "policy": Remedy(
        symptom="No error at all: the login answers 200 with tokens for the password alone, and no mfa_token, unless "
        "an Action asks for the second factor",
        dashboard=f"{_MFA} > Define policies > Require Multi-factor Auth > Always",
        change=Change(
            read="/guardian/policies", method="PUT", path="/guardian/policies", key=None, value=["all-applications"]
        ),
    ),
    "push": _factor("push-notification", _OFF, "Push Notification using Auth0 Guardian"),
    "push provider": Remedy(
        symptom="The challenge answers 200, no push reaches the Guardian app, and the poll stays pending until it "
        "expires; the tenant's log has gd_send_pn_failure",
        dashboard=f"{_MFA} > Push Notification using Auth0 Guardian > Guardian, in the place of Custom",
        change=Change(read=_PUSH, method="PUT", path=_PUSH, key="provider", value="guardian"),
    ),
    "otp": _factor("otp", _OFF, "One-time Password"),
    "sms": _factor("sms", f"{_OFF}: for SMS and for calls", "Phone Message"),
    "SMS message type": _message_type("sms"),
    "voice message type": _message_type("voice"),
    "email": _factor("email", f"{_OFF}; no verified address is listed", "Email"),
    "recovery code": _factor(
        "recovery-code",
        "No association brings recovery_codes, and the grant answers 403 unsupported_challenge_type: User does not "
        "have a recovery-code.",
        "Recovery Code",
    ),
    "passwordless connections": Remedy(
        symptom="POST /passwordless/start answers 400 bad.connection",
        dashboard="Authentication > Passwordless > the connection, and its Applications",
    ),
    "Management credentials": Remedy(
        symptom="No token for the Management API: its settings can be neither read nor mended",
        dashboard="Applications > Applications > the machine to machine application > Settings > Basic Information",
    ),
    "Management grant": Remedy(
        symptom="The client_credentials grant answers 403 access_denied: Client is not authorized to access ...",
        dashboard="Applications > APIs > Auth0 Management API > Machine to Machine Applications > the application",
    ),
    "Management domain": Remedy(
        symptom="The client_credentials grant answers 403 access_denied, and a Management token 401",
        dashboard="Settings > Custom Domains names the custom one; the canonical one stands in Applications > APIs > "
        "Auth0 Management API > Identifier",
    ),
    "Management scopes": Remedy(
        symptom="A call answers 403 insufficient_scope",
        dashboard="Applications > APIs > Auth0 Management API > Machine to Machine Applications > the application > "
        "Permissions",
    ),
}

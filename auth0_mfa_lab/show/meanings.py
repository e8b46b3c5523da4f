"""What an error means and what to do next: one table of facts of the lab's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from auth0_mfa_lab.wire.exchange import Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One fact: `code` is the answer's error code, or its status where it has none.

    `described` is a pattern that the description begins with, where one code has several meanings.
    """

    code: str
    said: str
    described: str = ""


def _of(code: str, *pairs: tuple[str, str]) -> list[Meaning]:
    return [Meaning(code=code, described=described, said=said) for described, said in pairs]


# Of one code the first row that fits counts, so the row without a description stands last.
MEANINGS: tuple[Meaning, ...] = (
    *_of(
        "mfa_required",
        ("", "the first factor was right; go on with the mfa_token, within 10 minutes: enroll, challenge or verify."),
    ),
    *_of("authorization_pending", ("", "nobody has answered yet; ask again in 5 seconds, with the same values.")),
    *_of("slow_down", ("", "you poll too fast; wait 5 seconds more between two requests, then go on with the same.")),
    *_of(
        "invalid_grant",
        ("MFA Authorization rejected", "the person said no, or the recovery code is wrong; stop, and begin anew."),
        (
            "Invalid otp_code",
            "the code is wrong, too old or was used before; ask for the next; after 10 wrong ones one has to wait.",
        ),
        ("Invalid binding_code", "the code of the message is wrong; let the person type it again, within 5 minutes."),
        ("Malformed oob_code", "this is no oob_code; send the one that the challenge or the enrollment answered."),
        ("Invalid oob_code", "the oob_code was used, or a newer challenge took its place; send the newest."),
        ("Malformed mfa_token", "this is no mfa_token; send the one of mfa_required, and no access token."),
        ("The mfa_token provided is invalid", "this endpoint does not take the token; get a new one by a new login."),
        ("user is blocked", "the user is blocked in the tenant; no factor helps until somebody unblocks the user."),
        (r"Wrong email or password", "user or password is wrong, and Auth0 does not say which; ask for both again."),
        (
            r"Wrong (email|phone number) or verification code",
            "address or code is wrong, or the code is too old; type it again, or send a new one.",
        ),
        ("You've reached the maximum number of attempts", "this code is spent; send a new one."),
        ("Unknown or invalid refresh token", "the refresh token was revoked, is too old or not yours; log in anew."),
        ("The refresh_token was generated for a user", "the user was deleted; this refresh token is dead."),
    ),
    *_of(
        "expired_token",
        ("mfa_token", "the mfa_token lives for 10 minutes and is over; log in anew."),
        (
            "oob_code",
            "the oob_code lives for 5 minutes and is over; challenge or enroll again while the mfa_token lives.",
        ),
        ("", "what you sent is too old; log in anew."),
    ),
    *_of(
        "access_denied",
        ("MFA Authorization rejected", "the person said no, or the recovery code is wrong; stop, and begin anew."),
        (
            "User is already enrolled",
            "the user has a factor; an mfa_token enrolls the first only. Use an MFA access token.",
        ),
        ("No audience", "client credentials need an audience: the identifier of an API."),
        ("Service not found", "there is no API with this identifier in the tenant; check audience."),
        ("Unauthorized", "Auth0 does not know this application, or its secret is wrong; check client_id and secret."),
        (
            "Client is not authorized to access",
            "the application has no client grant for this API; give it one in the tenant.",
        ),
        ("", "an Action or a Rule of the tenant said no; its text says why."),
    ),
    *_of(
        "unauthorized_client",
        ("Grant type", "this grant is off for the application; turn it on under Advanced Settings, Grant Types."),
        ("", "the application may not do this; look at its grants and connections."),
    ),
    *_of(
        "unsupported_challenge_type",
        (r"User is not enrolled", "the user has no confirmed factor yet; enroll one with /mfa/associate."),
        (r"User does not have a recovery-code", "the user has no recovery code; turn the factor on and enroll anew."),
        ("", "the user has no factor of this type, or it is off in the tenant; list the authenticators first."),
    ),
    *_of("association_required", ("", "the user has no factor yet; enroll one with /mfa/associate.")),
    *_of(
        "invalid_request",
        (r"Missing required parameter", "a parameter is missing, or it is empty; add it and send again."),
        ("mfa_token not issued to this client", "the mfa_token is another application's; use the same client_id."),
        ("The oob_code doesn't match the mfa_token", "these two come from different logins; take both from one."),
        ("Too many failed codes", "10 wrong codes; one more try comes every 6 minutes, and a login gives none back."),
        ("Too many SMS sent", "10 messages were sent; one more comes every hour. Use another factor, or wait."),
        ("Too many (calls|emails|push)", "too many were sent to this user; wait, or use another factor."),
        ("User has created the maximum", "the user has too many authenticators, unconfirmed ones too; remove some."),
        ("Malformed authenticator id", "write the id as the list has it, such as push|dev_…, percent-encoded."),
        (
            "The email of the user's profile",
            "the verified address of the profile is listed unasked; it cannot be removed.",
        ),
        ("The phone number is invalid", "write the number in E.164: a plus, the country's code, no blanks."),
        ("invalid audience specified", "there is no API with this identifier in the tenant; check audience."),
        ("invalid connection specified for password grant", "this connection takes no passwords; check realm."),
        ("invalid connection specified for passwordless", "the realm is either sms or email."),
    ),
    *_of("invalid_scope", ("", "scope is no text of words with blanks between; write it so.")),
    *_of("invalid_client", ("", "Auth0 does not know this application, or its secret is wrong; check both.")),
    *_of("invalid_authenticator", ("", "there is no such authenticator; list them, and percent-encode the id.")),
    *_of("insufficient_scope", ("", "the token lacks a scope of this call; get one that has it.")),
    *_of("unsupported_grant_type", ("", "Auth0 knows no such grant_type; check its spelling.")),
    *_of("password_leaked", ("", "the password stood in a known leak; the person must choose a new one.")),
    *_of(
        "server_error",
        (
            "Authorization server not configured with default connection",
            "the tenant has no default directory; set one, or use the password-realm grant with a realm.",
        ),
    ),
    *_of(
        "too_many_attempts", ("", "too many failures; wait, or let somebody unblock the user. Do not retry by itself.")
    ),
    *_of(
        "too_many_requests",
        ("", "a rate limit is used up; wait until x-ratelimit-reset (epoch seconds), then go on."),
    ),
    *_of("bad.tenant", ("", "there is no tenant behind this domain; check the domain.")),
    *_of("bad.client_id", ("", "there is no client_id in the body; add it.")),
    *_of(
        "bad.connection",
        ("", "the connection is missing, off, or not passwordless; send sms or email, and turn it on."),
    ),
    *_of("bad.authParams", ("", 'authParams is an object, such as {"scope": "openid"}.')),
    *_of("bad.request", ("", "this endpoint refuses what it does not know; leave out what the text names.")),
    *_of("bad.phone_number", ("", "write the number in E.164: a plus, the country's code, no blanks.")),
    *_of("bad.email", ("", "this is no email address; check it.")),
    *_of("bad.send", ("", "send is either code or link.")),
    *_of(
        "sms_provider_error", ("", "the SMS provider refused the message; its own words say why. Look at its account.")
    ),
    *_of("invalid_token", ("", "the token or the signature does not do here; it is wrong, too old, or another's.")),
    *_of(
        "enrollment_transaction_not_found",
        ("", "the QR is older than 5 minutes, or somebody scanned it already; start the enrollment anew."),
    ),
    *_of(
        "login_transaction_not_found", ("", "this push was answered, replaced or is over; there is nothing to answer.")
    ),
    *_of("inexistent_user", ("", "there is no such user; percent-encode the id: auth0%7C….")),
    *_of("inexistent_connection", ("", "there is no such database connection; check its name in the Dashboard.")),
    *_of("auth0_idp_error", ("", "the connection has a user of this name already; take another one.")),
    *_of("inexistent_client", ("", "there is no such application; check the client_id.")),
    *_of("client_credential_not_found", ("", "the application has no such key; list its credentials.")),
    *_of("authentication_method_not_found", ("", "the user has no such method, or it is not confirmed; list them.")),
    *_of("invalid_uri", ("", "a part of the path is none of its known values; the message names it.")),
    *_of("invalid_query_string", ("", "the query does not fit the API; the message names the parameter.")),
    *_of("enrollment_not_found", ("", "there is no such enrollment; list those of the user.")),
    *_of("invalid_body", ("", "the body does not fit the API; the message names the field.")),
    *_of("use_dpop_nonce", ("", "send the same again with the nonce of the header DPoP-Nonce in the proof.")),
    Meaning(code="401", said="no token, or one that this endpoint does not take; look at the Authorization header."),
    Meaning(code="429", said="a rate limit is used up; wait for Retry-After or x-ratelimit-reset, then go on."),
    Meaning(
        code="502", said="a gateway before Auth0 answered, not Auth0, so this is no JSON; try again a little later."
    ),
)
_BY_CODE: Mapping[str, tuple[Meaning, ...]] = {
    each.code: tuple(other for other in MEANINGS if other.code == each.code) for each in MEANINGS
}


def meaning_of(exchange: Exchange) -> str | None:
    """Return the lab's own line about an answer that is an error; None where it is none, or none of the table's."""
    if exchange.status is None:
        return None
    body = exchange.json if isinstance(exchange.json, dict) else {}
    # The Management API's `error` is the status's phrase: its code stands in `errorCode`.
    code = body.get("errorCode") or body.get("error")
    if not code and exchange.status < 400:
        return None
    text = str(body.get("error_description") or body.get("message") or "")
    named = _BY_CODE.get(str(code or ""), ()) or (
        () if "error_description" in body else _BY_CODE.get(str(exchange.status), ())
    )
    found = next((each for each in named if re.match(each.described, text)), None)
    return f"lab: {found.said}" if found else None

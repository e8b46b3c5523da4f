"""What an error means and what to do next: one table of facts of the lab's own."""

from __future__ import annotations

import re

from auth0_mfa_lab.wire.exchange import Exchange

# How `code: description` of an error begins, as a pattern (`status:` where no code is known), and the meaning. The first
# row that fits counts, so that of any description stands last.
# fmt: off
MEANINGS = (
    ("mfa_required:", "the first factor was right; go on with the mfa_token, within 10 minutes: enroll, challenge or verify."),
    ("authorization_pending:", "no answer from the phone yet; ask again in 5 seconds, with the same values."),
    ("slow_down:", "you poll too fast; wait 5 seconds more between two requests, then go on with the same."),
    ("(invalid_grant|access_denied): MFA Authorization rejected", "the person said no, or the recovery code is wrong; the same mfa_token starts another challenge or takes another code."),
    ("invalid_grant: Invalid otp_code", "the code is wrong, too old or was used before; ask for the next; after 10 wrong ones one has to wait."),
    ("invalid_grant: Invalid binding_code", "the code of the message is wrong; let the person type it again, within 5 minutes."),
    ("invalid_grant: Malformed oob_code", "this is no oob_code; send the one that the challenge or the enrollment answered."),
    ("invalid_grant: Invalid oob_code", "the oob_code was used, or a newer challenge took its place; send the newest."),
    ("invalid_grant: Malformed mfa_token", "this is no mfa_token; send the one of mfa_required, and no access token."),
    ("invalid_grant: The mfa_token provided is invalid", "this endpoint does not take the token; get a new one by a new login."),
    ("invalid_grant: user is blocked", "the user is blocked in the tenant; no factor helps until an administrator unblocks the user."),
    ("invalid_grant: Wrong email or password", "user or password is wrong, and Auth0 does not say which; ask for both again."),
    ("invalid_grant: Wrong (email|phone number) or verification code", "address or code is wrong, or the code is too old; type it again, or send a new one."),
    ("invalid_grant: You've reached the maximum number of attempts", "this code is spent; send a new one."),
    ("invalid_grant: Unknown or invalid refresh token", "the refresh token was revoked, is too old or not yours; log in anew."),
    ("invalid_grant: The refresh_token was generated for a user", "the user was deleted; this refresh token is dead."),
    ("expired_token: mfa_token", "the mfa_token lives for 10 minutes and is over; log in anew."),
    ("expired_token: oob_code", "the oob_code lives for 5 minutes and is over; challenge or enroll again while the mfa_token lives."),
    ("expired_token:", "what you sent is too old; log in anew."),
    ("access_denied: User is already enrolled", "the user has a factor; an mfa_token enrolls the first only. Use an MFA access token."),
    ("access_denied: No audience", "client credentials need an audience: the identifier of an API."),
    ("access_denied: Client .*is not authorized to access", "the application has no client grant for this API; give it one in the tenant."),
    ("unauthorized_client: Grant type", "this grant is off for the application; turn it on under Advanced Settings, Grant Types."),
    ("unauthorized_client: Client authentication", "the application has a secret or a key; send it."),
    ("unauthorized_client:", "the application may not do this; look at its grants and connections."),
    ("(unsupported_challenge_type: User is not enrolled|association_required:)", "the user has no confirmed factor yet; enroll one with /mfa/associate."),
    ("unsupported_challenge_type: User does not have a recovery-code", "the user has no recovery code; turn the factor on and enroll anew."),
    ("unsupported_challenge_type:", "the user has no factor of this type, or it is off in the tenant; list the authenticators first."),
    ("invalid_request: Missing required parameter", "a parameter is missing, or it is empty; add it and send again."),
    ("invalid_request: mfa_token not issued to this client", "the mfa_token is another application's; use the same client_id."),
    ("invalid_request: The oob_code doesn't match the mfa_token", "these two come from different logins; take both from one."),
    ("invalid_request: Too many failed codes", "10 wrong codes; one more try comes every 6 minutes, and a login gives none back."),
    ("invalid_request: Too many SMS sent", "10 messages were sent; one more comes every hour. Use another factor, or wait."),
    ("invalid_request: Too many (calls|emails|push)", "too many were sent to this user; wait, or use another factor."),
    ("invalid_request: User has created the maximum", "the user has too many authenticators, unconfirmed ones too; remove some."),
    ("invalid_request: Malformed authenticator id", "write the id as the list has it, such as push|dev_…, percent-encoded."),
    ("invalid_request: The email of the user's profile", "the verified address of the profile is listed unasked; it cannot be removed."),
    ("(invalid_request: The phone number is invalid|bad.phone_number:)", "write the number in E.164: a plus, the country's code, no blanks."),
    ("(invalid_request: invalid audience specified|access_denied: Service not)", "there is no API with this identifier in the tenant; check audience."),
    ("invalid_request: invalid connection specified for password grant", "this connection takes no passwords; check realm."),
    ("invalid_request: invalid connection specified for passwordless", "the realm is either sms or email."),
    ("invalid_scope:", "scope is no text of words with blanks between; write it so."),
    ("(invalid_client:|access_denied: Unauthorized)", "Auth0 does not know this application, or its secret is wrong; check client_id and secret."),
    ("access_denied:", "an Action or a Rule of the tenant said no; its text says why."),
    ("invalid_authenticator:", "there is no such authenticator; list them, and percent-encode the id."),
    ("insufficient_scope:", "the token lacks a scope of this call; get one that has it."),
    ("method_not_allowed:", "this path takes another method, such as POST; check it."),
    ("unsupported_grant_type:", "Auth0 knows no such grant_type; check its spelling."),
    ("password_leaked:", "the password stood in a known leak; the person must choose a new one."),
    ("server_error: Authorization server not configured with default connection", "the tenant has no default directory; set one, or use the password-realm grant with a realm."),
    ("too_many_attempts:", "too many failures; wait, or let an administrator unblock the user. Do not retry by itself."),
    ("(too_many_requests|429):", "a rate limit is used up; wait for Retry-After or x-ratelimit-reset (epoch seconds), then go on."),
    ("bad.tenant:", "there is no tenant behind this domain; check the domain."),
    ("bad.client_id:", "there is no client_id in the body; add it."),
    ("bad.connection:", "the connection is missing, off, or not passwordless; send sms or email, and turn it on."),
    ("bad.authParams:", 'authParams is an object, such as {"scope": "openid"}.'),
    ("bad.request:", "this endpoint refuses what it does not know; leave out what the text names."),
    ("bad.email:", "this is no email address; check it."),
    ("bad.send:", "send is either code or link."),
    ("sms_provider_error:", "the SMS provider refused the message; its own words say why. Look at its account."),
    ("invalid_token:", "the token or the signature does not do here; it is wrong, too old, or another's."),
    ("enrollment_transaction_not_found:", "the QR is older than 5 minutes, or was scanned already; start the enrollment anew."),
    ("login_transaction_not_found:", "this push was answered, replaced or is over; there is nothing to answer."),
    ("inexistent_user:", "there is no such user; percent-encode the id: auth0%7C…."),
    ("inexistent_connection:", "there is no such database connection; check its name in the Dashboard."),
    ("auth0_idp_error:", "the connection has a user of this name already; take another one."),
    ("inexistent_client:", "there is no such application; check the client_id."),
    ("(enrollment|authentication_method)_not_found:", "there is no such enrollment or confirmed method; list them."),
    ("invalid_(uri|query_string|body):", "the request does not fit the API; the message names the part, the parameter or the field."),
    ("use_dpop_nonce:", "send the same again with the nonce of the header DPoP-Nonce in the proof."),
    ("(Bearer|401: Bad audience):", "no token for this API; ask for one with its audience: https://, the tenant's domain, /api/v2/."),
    ("401:", "no token, or one that this endpoint does not take, or not any more; look at the Authorization header."),
    ("502:", "a gateway before Auth0 answered, not Auth0, so this is no JSON; try again a little later."),
)
# fmt: on


def meaning_of(exchange: Exchange) -> str | None:
    """Return the lab's own line about an answer that is an error; None for a success, and for an error without a row."""
    response, body = exchange.response, exchange.json if isinstance(exchange.json, dict) else {}
    if response is None:
        return None
    # The Management API's `error` is the status's phrase: its code stands in `errorCode`.
    code = body.get("errorCode") or body.get("error")
    text = str(body.get("error_description") or body.get("message") or "")
    begins = [f"{code}: {text}", *([f"{response.status}: {text}"] if "error_description" not in body else [])]
    return next((f"lab: {said}" for begin in begins for each, said in MEANINGS if re.match(each, begin)), None)

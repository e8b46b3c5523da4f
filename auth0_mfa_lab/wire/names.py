"""What the name of a field says about its value: a secret of which kind, something of a person, or nothing."""

from __future__ import annotations

import re
from functools import lru_cache

_KINDS = {
    name: name
    for name in (
        *("mfa_token", "oob_code", "binding_code", "otp", "recovery_code", "secret", "enrollment_tx_id", "totp_secret"),
        *("access_token", "id_token", "refresh_token", "auth_session", "ticket_id"),
        *("password", "client_secret", "client_assertion", "assertion"),
        *("challenge", "challenge_response", "cookie", "transaction_token", "device_account_token", "identifier"),
        *("device_code", "user_code", "verification_code", "passcode", "code_verifier"),
        # Not secret, but no library here can seed an RSA key: what follows from one is shown under an alias.
        *("n", "x5c", "x5t"),
    )
} | {
    "recovery_codes": "recovery_code",
    "ticket": "ticket_id",
    "c": "challenge",
    "txtkn": "transaction_token",
    "code": "code",
    "pem": "private_key",
}
_PEOPLE = {
    name: name
    for name in (
        *("username", "email", "phone_number", "name", "nickname", "picture", "given_name", "family_name", "user_id"),
        *("sub", "middle_name", "preferred_username", "fullname", "birthdate", "phone", "login_hint", "ip"),
        # The address of OpenID Connect, whose parts are a person's beside each other and alone.
        *("formatted", "street_address", "locality", "postal_code"),
    )
} | {"_id": "user_id", "user_name": "username", "user_email": "email", "full_name": "fullname"}
_ENDINGS = frozenset({"secret", "password", "passwd", "passphrase", "token", "credential", "apikey"})
# Of keys most are public, or no keys at all: `kid`, `public_key`, `primary_key`, `partition_key`.
_KEYS_OF = frozenset(
    {
        *("access", "account", "api", "auth", "encryption", "hmac", "license", "master", "private"),
        *("secret", "server", "service", "shared", "signing", "subscription"),
    }
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def secret_kind(name: str) -> str | None:
    """Return the kind of secret that a field of this name holds, or None.

    The wire's own names count as they are; beyond them a name whose last word is secret, password, token or
    credential, in the singular or the plural, or a `*_key` of a kind that nobody publishes. A `token_type`, a
    `public_key` and a `kid` are none.
    """
    return _KINDS.get(name) or _by_ending(snake(name))


def is_exact(name: str) -> bool:
    """Say whether a name is one of the wire's own, so that any value of it counts."""
    return name in _KINDS


def personal_kind(name: str) -> str | None:
    """Return what of a person a field of this name holds, or None."""
    plain = snake(name.rpartition("/")[2])
    return _PEOPLE.get(name) or _PEOPLE.get(plain) or ("ip" if plain.endswith("_ip") else None)


@lru_cache(maxsize=1024)
def snake(name: str) -> str:
    """Return a name in the form of an alias's kind: `authToken` and `X-Auth-Token` end in `auth_token`."""
    return "_".join(word.lower() for word in _WORD.findall(name))


def as_kind(name: str, otherwise: str) -> str:
    """Return a name as the kind of an alias; `otherwise` where nothing of it can be one."""
    plain = snake(name.rpartition("/")[2])
    return plain if plain[:1].isalpha() and plain.isascii() and len(plain) <= 40 else otherwise


def _by_ending(plain: str) -> str | None:
    words = plain.split("_")
    last = words[-1].removesuffix("s") if words[-1] != "pass" else "pass"
    if last in _ENDINGS or (last == "key" and len(words) > 1 and words[-2] in _KEYS_OF):
        return plain if len(plain) <= 40 and plain[:1].isalpha() else last
    return None

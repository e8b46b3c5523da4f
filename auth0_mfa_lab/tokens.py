"""What a token is, and which endpoint takes it: the two things that people call the MFA token, kept apart.

The table is the reference's, section 2, with the rows for bearers of sections 3.3 and 4 and those for `mfa_token` of
sections 5 and 6.4; each cell has the mark of how well it is known.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from typing import Literal
from urllib.parse import unquote

from auth0_mfa_lab.wire.aliases import Alias
from auth0_mfa_lab.wire.claims import claims_of
from auth0_mfa_lab.wire.exchange import Exchange, Json

Kind = Literal[
    "mfa_token",
    "expired mfa_token",
    "foreign mfa_token",
    "mfa_token of another application",
    "mfa access token",
    "expired mfa access token",
    "api access token",
    "opaque access token",
    "refresh token",
    "id_token",
    "oob_code",
    "unknown",
]
MFA_TOKEN_SECONDS = 600.0
SCOPES = {
    "GET /mfa/authenticators": "read:authenticators",
    "POST /mfa/associate": "enroll",
    "mfa-otp": "enroll",
    "mfa-oob": "enroll",
    "DELETE /mfa/authenticators/{id}": "remove:authenticators",
}
"""The scope that an MFA access token needs at an endpoint that takes one."""

BEARER = ("GET /mfa/authenticators", "POST /mfa/associate", "DELETE /mfa/authenticators/{id}")
IN_BODY = ("POST /mfa/challenge", "mfa-otp", "mfa-oob", "mfa-recovery-code")
ENDPOINTS = (BEARER[0], BEARER[1], *IN_BODY, BEARER[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one endpoint says to the token: it takes it (`status` is None), or refuses it with an error.

    `evidence` is the mark of the row: rec, doc, test, forum or guess. `when` is the condition of a token that is taken.
    """

    endpoint: str
    status: int | None
    error: str | None
    error_description: str | None
    evidence: str
    when: str = ""

    @property
    def takes(self) -> bool:
        """Whether the endpoint takes the token."""
        return self.status is None

    def __str__(self) -> str:
        said = "takes it" if self.takes else f"{self.status} {self.error} · {self.error_description}"
        return f"{said}{f' ({self.when})' if self.when else ''}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Inspection:
    """What a token is, without showing it; ages and lives are in seconds of the lab's time."""

    shown: str
    kind: Kind
    shape: str
    audience: str | None
    scopes: tuple[str, ...]
    seconds_left: float | None
    client_id: str | None
    verdicts: tuple[Verdict, ...]

    def __getitem__(self, endpoint: str) -> Verdict:
        """Return what one of the endpoints says, such as `inspection["POST /mfa/associate"]`."""
        found = [verdict for verdict in self.verdicts if verdict.endpoint == endpoint]
        if found:
            return found[0]
        raise KeyError(f"There is no endpoint {endpoint!r} here. There are: {', '.join(ENDPOINTS)}.")

    def __repr__(self) -> str:
        rows = [f"  {verdict.endpoint:33} {verdict} [{verdict.evidence}]" for verdict in self.verdicts]
        return "\n".join(
            [f"{self.shown} is: {self.kind}", *(f"  {name:10} {said}" for name, said in self._facts()), *rows]
        )

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        facts = "".join(f"<tr><th>{escape(name)}</th><td>{escape(said)}</td></tr>" for name, said in self._facts())
        cells = ((verdict.endpoint, str(verdict), verdict.evidence) for verdict in self.verdicts)
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells)
        head = "<tr><th>endpoint</th><th>what it says</th><th>evidence</th></tr>"
        html = f"<p><b>{escape(self.shown)}</b> is: <b>{escape(self.kind)}</b></p><table>{facts}</table>"
        return {"text/plain": repr(self), "text/html": f"{html}<table>{head}{rows}</table>"}

    def _facts(self) -> list[tuple[str, str]]:
        left = None if self.seconds_left is None else f"{max(0.0, self.seconds_left):.0f} s"
        facts = {
            "shape": self.shape,
            "audience": self.audience,
            "scopes": " ".join(self.scopes) or None,
            "life left": left,
            "client": self.client_id,
        }
        return [(name, said) for name, said in facts.items() if said]


def application_of(exchange: Exchange) -> str | None:
    """Return the client_id that a request was sent with: in its body, or in its Basic header; None without one."""
    fields = exchange.request.raw_data()
    if isinstance(fields, dict) and "client_id" in fields:
        return str(fields["client_id"])
    scheme, _, pair = (exchange.request.header("authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    return unquote(base64.b64decode(pair).decode("utf-8", "replace").partition(":")[0])


def inspect(
    token: str,
    *,
    shown: str,
    alias: Alias | None,
    received: float | None,
    issued_to: str | None,
    client_id: str,
    issuer: str,
    now: float,
) -> Inspection:
    """Return what a token is and what the MFA endpoints say to it.

    `shown` is how it may be shown; `alias` is what the lab knows of it, None when it never passed; `received` is
    when it came (epoch seconds) and `issued_to` the client_id of that request; `client_id` is the application that
    would use it, `issuer` the tenant's `https://{domain}/`, `now` the lab's time.
    """
    claims = claims_of(token) or {}
    scopes = tuple(str(claims.get("scope", "")).split())
    left = _seconds_left(token, alias, claims, received, now)
    kind = _kind(token, alias, claims, issuer, left, issued_to, client_id)
    return Inspection(
        shown=shown,
        kind=kind,
        shape="sealed" if token.startswith("Fe26.") else "JWT" if claims else "opaque",
        audience=_audience(claims),
        scopes=scopes,
        seconds_left=left,
        client_id=str(claims["azp"]) if "azp" in claims else issued_to,
        verdicts=tuple(_verdict(endpoint, kind, scopes) for endpoint in ENDPOINTS),
    )


def _kind(
    token: str,
    alias: Alias | None,
    claims: dict[str, Json],
    issuer: str,
    left: float | None,
    issued_to: str | None,
    client_id: str,
) -> Kind:
    named = alias.kind if alias else None
    if token.startswith("Fe26."):
        if named == "oob_code":
            return "oob_code"
        if named != "mfa_token" or issued_to is None:
            # No answer of this tenant brought it: nobody here can unseal it.
            return "foreign mfa_token"
        if left is not None and left <= 0:
            return "expired mfa_token"
        return "mfa_token" if issued_to == client_id else "mfa_token of another application"
    if claims:
        if named == "id_token":
            return "id_token"
        audiences = claims.get("aud")
        listed = audiences if isinstance(audiences, list) else [audiences]
        if f"{issuer}mfa/" not in listed:
            return "api access token"
        return "expired mfa access token" if left is not None and left <= 0 else "mfa access token"
    if named == "refresh_token" or token.startswith("v1."):
        return "refresh token"
    return "opaque access token" if named == "access_token" else "unknown"


def _seconds_left(
    token: str, alias: Alias | None, claims: dict[str, Json], received: float | None, now: float
) -> float | None:
    if isinstance(claims.get("exp"), int | float):
        return float(claims["exp"]) - now
    if alias is None or alias.kind != "mfa_token" or received is None or not token.startswith("Fe26."):
        return None
    return received + MFA_TOKEN_SECONDS - now


def _audience(claims: dict[str, Json]) -> str | None:
    audience = claims.get("aud")
    return ", ".join(map(str, audience)) if isinstance(audience, list) else audience and str(audience)


_INVALID = (401, "invalid_grant", "The mfa_token provided is invalid. Try getting a new token.")
_EXPIRED = (401, "expired_token", "mfa_token is expired")
_MALFORMED = (403, "invalid_grant", "Malformed mfa_token")
_OTHER_CLIENT = (400, "invalid_request", "mfa_token not issued to this client")


def _verdict(endpoint: str, kind: Kind, scopes: tuple[str, ...]) -> Verdict:
    delete = endpoint == BEARER[2]
    if kind == "mfa access token":
        return _of_access_token(endpoint, scopes)
    if kind == "mfa_token" and not delete:
        first = "while the user has no active authenticator" if endpoint == "POST /mfa/associate" else ""
        return _takes(endpoint, "doc", first)
    if kind == "mfa_token of another application" and not delete:
        return _refuses(endpoint, _OTHER_CLIENT, "forum") if endpoint in IN_BODY else _takes(endpoint, "guess")
    if kind == "expired mfa_token" and not delete:
        return _refuses(endpoint, _EXPIRED, "test")
    if kind == "expired mfa access token" and endpoint in ("mfa-otp", "mfa-oob"):
        return _refuses(endpoint, _EXPIRED, "guess")
    refusal = _INVALID if endpoint in BEARER else _MALFORMED
    return _refuses(endpoint, refusal, "doc" if delete else "test")


def _of_access_token(endpoint: str, scopes: tuple[str, ...]) -> Verdict:
    if endpoint not in SCOPES:
        return _refuses(endpoint, _MALFORMED, "forum" if endpoint == "POST /mfa/challenge" else "guess")
    scope = SCOPES[endpoint]
    if scope not in scopes:
        said = f"Insufficient scope, expected any of: {scope}"
        return _refuses(endpoint, (403, "insufficient_scope", said), "guess")
    if endpoint in IN_BODY:
        return _takes(endpoint, "forum", "to confirm an enrollment that was made with it")
    return _takes(endpoint, "doc")


def _takes(endpoint: str, evidence: str, when: str = "") -> Verdict:
    return Verdict(endpoint=endpoint, status=None, error=None, error_description=None, evidence=evidence, when=when)


def _refuses(endpoint: str, refusal: tuple[int, str, str], evidence: str) -> Verdict:
    status, error, said = refusal
    return Verdict(endpoint=endpoint, status=status, error=error, error_description=said, evidence=evidence)

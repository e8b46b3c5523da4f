"""What a token is, and which endpoint takes it: the two things that people call the MFA token, kept apart."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from typing import Literal, NamedTuple
from urllib.parse import unquote

from auth0_mfa_lab.polling import MFA_TOKEN_SECONDS
from auth0_mfa_lab.secrets.aliases import Alias, Aliases
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.wire.exchange import Exchange, Json
from auth0_mfa_lab.wire.journal import Journal

Kind = Literal[
    "mfa_token",
    "spent mfa_token",
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
Answer = tuple[int | None, str | None, str | None]
"""Status, error and error_description of a refusal; three times None when the token is taken."""

_LIST, _ASSOCIATE, _DELETE = "GET /mfa/authenticators", "POST /mfa/associate", "DELETE /mfa/authenticators/{id}"
_CHALLENGE, _OTP, _OOB, _RECOVERY = "POST /mfa/challenge", "mfa-otp", "mfa-oob", "mfa-recovery-code"
_BODY = (_CHALLENGE, _OTP, _OOB, _RECOVERY)
ENDPOINTS = (_LIST, _ASSOCIATE, *_BODY, _DELETE)
_SCOPES = {
    _LIST: "read:authenticators",
    _ASSOCIATE: "enroll",
    _OTP: "enroll",
    _OOB: "enroll",
    _DELETE: "remove:authenticators",
}
"""The scope that an MFA access token needs at an endpoint that takes one."""

_TAKES: Answer = (None, None, None)
_INVALID: Answer = (401, "invalid_grant", "The mfa_token provided is invalid. Try getting a new token.")
_EXPIRED: Answer = (401, "expired_token", "mfa_token is expired")
_MALFORMED: Answer = (403, "invalid_grant", "Malformed mfa_token")
_ENROLLED: Answer = (403, "access_denied", "User is already enrolled.")
_SPENT: Answer = (403, *_INVALID[1:])
_OTHER_CLIENT: Answer = (400, "invalid_request", "mfa_token not issued to this client")


class Row(NamedTuple):
    """What these endpoints answer to a kind of token (None: to any); `evidence` is the mark of how well it is known."""

    kind: Kind | None
    endpoints: tuple[str, ...]
    answer: Answer
    evidence: str
    when: str = ""


# fmt: off
ROWS = (
    # The first row that fits counts. Source: the reference, sections 2, 3.3, 4, 5 and 6.4.
    Row("mfa access token", (_LIST, _ASSOCIATE, _DELETE), _TAKES, "doc"),
    Row("mfa access token", (_OTP, _OOB), _TAKES, "forum", "to confirm an enrollment that was made with it"),
    Row("mfa access token", (_CHALLENGE,), _MALFORMED, "forum"),
    Row("mfa access token", (_RECOVERY,), _MALFORMED, "guess"),
    Row("expired mfa access token", (_OTP, _OOB), _EXPIRED, "guess"),
    Row(None, (_DELETE,), _INVALID, "doc"),
    Row("mfa_token", (_ASSOCIATE,), _TAKES, "doc", "while the user has no active authenticator"),
    Row("mfa_token", (_LIST, *_BODY), _TAKES, "doc"),
    Row("expired mfa_token", (_LIST, _ASSOCIATE, *_BODY), _EXPIRED, "test"),
    Row("mfa_token of another application", (_LIST, _ASSOCIATE), _TAKES, "guess"),
    Row("mfa_token of another application", _BODY, _OTHER_CLIENT, "forum"),
    Row("spent mfa_token", (_LIST,), _TAKES, "guess"),
    Row("spent mfa_token", (_ASSOCIATE,), _ENROLLED, "test"),
    Row("spent mfa_token", _BODY, _SPENT, "guess"),
    Row(None, (_LIST, _ASSOCIATE), _INVALID, "test"),
    Row(None, _BODY, _MALFORMED, "test"),
)
# fmt: on


@dataclass(frozen=True, slots=True)
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


def verdict_on(endpoint: str, kind: Kind, scopes: tuple[str, ...]) -> Verdict:
    """Return what an endpoint says to a token of this kind, with these scopes."""
    scope = _SCOPES.get(endpoint)
    if kind == "mfa access token" and scope and scope not in scopes:
        said = f"Insufficient scope, expected any of: {scope}"
        return Verdict(endpoint, 403, "insufficient_scope", said, "guess")
    row = next(row for row in ROWS if endpoint in row.endpoints and row.kind in (kind, None))
    return Verdict(endpoint, *row.answer, row.evidence, row.when)


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
        for verdict in self.verdicts:
            if verdict.endpoint == endpoint:
                return verdict
        raise KeyError(f"There is no endpoint {endpoint!r} here. There are: {', '.join(ENDPOINTS)}.")

    def __repr__(self) -> str:
        rows = [f"  {verdict.endpoint:33} {verdict} [{verdict.evidence}]" for verdict in self.verdicts]
        return "\n".join(
            [f"{self.shown} is: {self.kind}", *(f"  {name:10} {said}" for name, said in self._facts()), *rows]
        )

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        left = 'style="text-align:left"'  # JupyterLab sets tables flush right
        facts = "".join(
            f"<tr><th {left}>{escape(name)}</th><td {left}>{escape(said)}</td></tr>" for name, said in self._facts()
        )
        cells = ((verdict.endpoint, str(verdict), verdict.evidence) for verdict in self.verdicts)
        rows = "".join(f"<tr>{''.join(f'<td {left}>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells)
        head = f"<tr><th {left}>endpoint</th><th {left}>what it says</th><th {left}>evidence</th></tr>"
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


def inspect(token: str, *, aliases: Aliases, journal: Journal, client_id: str, domain: str, now: float) -> Inspection:
    """Return what a token is and what the MFA endpoints say to it.

    `aliases` and `journal` know the tokens that passed; `client_id` is the application that would use it, `domain` the
    tenant's, `now` the lab's time in epoch seconds.
    """
    alias = aliases.known(token)
    brought = journal[alias.born - 1] if alias and alias.born and alias.answered else None
    issued_to = application_of(brought) if brought else None
    claims = claims_of(token) or {}
    scopes, audience = tuple(str(claims.get("scope", "")).split()), claims.get("aud")
    left = _seconds_left(token, alias, claims, brought.at if brought else None, now)
    kind = _kind(token, alias, claims, f"https://{domain}/", left, issued_to, client_id)
    if kind == "mfa_token" and any(_spends(each, token) for each in journal):
        kind = "spent mfa_token"
    return Inspection(
        shown=alias.shown if alias else "this token",
        kind=kind,
        shape="sealed" if token.startswith("Fe26.") else "JWT" if claims else "opaque",
        audience=", ".join(map(str, audience)) if isinstance(audience, list) else audience and str(audience),
        scopes=scopes,
        seconds_left=left,
        client_id=str(claims["azp"]) if "azp" in claims else issued_to,
        verdicts=tuple(verdict_on(endpoint, kind, scopes) for endpoint in ENDPOINTS),
    )


def _spends(exchange: Exchange, mfa_token: str) -> bool:
    """Say whether an exchange brought the tokens for which an mfa_token stood."""
    fields = exchange.request.raw_data() if "access_token" in exchange else None
    return isinstance(fields, dict) and fields.get("mfa_token") == mfa_token


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

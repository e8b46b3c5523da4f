"""What a token is, and which endpoint takes it: the two things that people call the MFA token, kept apart."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple
from urllib.parse import unquote

from auth0_mfa_lab.polling import MFA_TOKEN_SECONDS
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.journal import Journal

_LIST, _ASSOCIATE, _DELETE = "GET /mfa/authenticators", "POST /mfa/associate", "DELETE /mfa/authenticators/{id}"
_CHALLENGE, _OTP, _OOB, _RECOVERY = "POST /mfa/challenge", "mfa-otp", "mfa-oob", "mfa-recovery-code"
_BODY = (_CHALLENGE, _OTP, _OOB, _RECOVERY)
ENDPOINTS = (_LIST, _ASSOCIATE, *_BODY, _DELETE)
# fmt: off
_SCOPES = dict.fromkeys((_ASSOCIATE, _OTP, _OOB), "enroll")
_SCOPES |= {_LIST: "read:authenticators", _DELETE: "remove:authenticators"}
"""The scope that an MFA access token needs at an endpoint that takes one."""
_TAKES = (None, None, None)
_INVALID = (401, "invalid_grant", "The mfa_token provided is invalid. Try getting a new token.")
_EXPIRED = (401, "expired_token", "mfa_token is expired")
_MALFORMED = (403, "invalid_grant", "Malformed mfa_token")
_ENROLLED = (403, "access_denied", "User is already enrolled.")
_SPENT = (403, *_INVALID[1:])
_OTHER_CLIENT = (400, "invalid_request", "mfa_token not issued to this client")
_ROWS: tuple[tuple[str | None, tuple[str, ...], tuple[int | None, str | None, str | None], str, str], ...] = (
    # The kind of token (None: any), the endpoints, the refusal (or _TAKES), how well that is known, and when.
    # The first row that fits counts. Source: the reference, sections 2, 3.3, 4, 5 and 6.4.
    ("mfa access token", (_LIST, _ASSOCIATE, _DELETE), _TAKES, "doc", ""),
    ("mfa access token", (_OTP, _OOB), _TAKES, "forum", "to confirm an enrollment that was made with it"),
    ("mfa access token", (_CHALLENGE,), _MALFORMED, "forum", ""),
    ("mfa access token", (_RECOVERY,), _MALFORMED, "guess", ""),
    ("expired mfa access token", (_OTP, _OOB), _EXPIRED, "guess", ""),
    (None, (_DELETE,), _INVALID, "doc", ""),
    ("mfa_token", (_ASSOCIATE,), _TAKES, "doc", "while the user has no active authenticator"),
    ("mfa_token", (_LIST, *_BODY), _TAKES, "doc", ""),
    ("expired mfa_token", (_LIST, _ASSOCIATE, *_BODY), _EXPIRED, "test", ""),
    ("mfa_token of another application", (_LIST, _ASSOCIATE), _TAKES, "guess", ""),
    ("mfa_token of another application", _BODY, _OTHER_CLIENT, "forum", ""),
    ("spent mfa_token", (_LIST,), _TAKES, "guess", ""),
    ("spent mfa_token", (_ASSOCIATE,), _ENROLLED, "test", ""),
    ("spent mfa_token", _BODY, _SPENT, "guess", ""),
    (None, (_LIST, _ASSOCIATE), _INVALID, "test", ""),
    (None, _BODY, _MALFORMED, "test", ""),
)
# fmt: on


class Verdict(NamedTuple):
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
        return f"{said} ({self.when})" if self.when else said


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Inspection:
    """What a token is, without showing it; ages and lives are in seconds of the lab's time."""

    shown: str
    kind: str
    shape: str
    audience: str | None
    scopes: tuple[str, ...]
    seconds_left: float | None
    client_id: str | None
    verdicts: tuple[Verdict, ...]

    def __getitem__(self, endpoint: str) -> Verdict:
        """Return what one of the endpoints says, such as `inspection["POST /mfa/associate"]`."""
        if endpoint not in ENDPOINTS:
            raise KeyError(f"There is no endpoint {endpoint!r} here. There are: {', '.join(ENDPOINTS)}.")
        return self.verdicts[ENDPOINTS.index(endpoint)]

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        facts = {
            "shape": self.shape,
            "audience": self.audience,
            "scopes": " ".join(self.scopes),
            "life left": "" if self.seconds_left is None else f"{max(0.0, self.seconds_left):.0f} s",
            "client": self.client_id,
        }
        known = {name: said for name, said in facts.items() if said}
        text = [f"{self.shown} is: {self.kind}", *(f"  {name:10} {said}" for name, said in known.items())]
        text += [f"  {each.endpoint:33} {each} [{each.evidence}]" for each in self.verdicts]
        html = f"<p><b>{escape(self.shown)}</b> is: <b>{escape(self.kind)}</b></p><table>"
        html += "".join(_row(1, *fact) for fact in known.items()) + "</table><table>"
        rows = ((each.endpoint, str(each), each.evidence) for each in self.verdicts)
        html += "".join([_row(3, "endpoint", "what it says", "evidence"), *(_row(0, *cells) for cells in rows)])
        return {"text/plain": "\n".join(text), "text/html": f"{html}</table>"}

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]


def _row(titles: int, *cells: str) -> str:
    """Return a row of HTML, whose first cells are titles; JupyterLab sets tables flush right."""
    tags = ["th" if place < titles else "td" for place in range(len(cells))]
    row = (f'<{tag} style="text-align:left">{escape(cell)}</{tag}>' for tag, cell in zip(tags, cells, strict=True))
    return f"<tr>{''.join(row)}</tr>"


def _sent(exchange: Exchange) -> dict[str, Any]:
    """Return the fields of a request's body, and the client_id of a Basic header."""
    data = exchange.request.raw_data()
    fields = dict(data) if isinstance(data, dict) else {}
    scheme, _, pair = (exchange.request.header("authorization") or "").partition(" ")
    if scheme.lower() == "basic":
        fields.setdefault("client_id", unquote(base64.b64decode(pair).decode("utf-8", "replace").partition(":")[0]))
    return fields


def inspect(token: str, journal: Journal, client_id: str, issuer: str, now: float) -> Inspection:
    """Return what a token is and what the MFA endpoints say to it.

    `journal` knows the tokens that passed; `client_id` is the application that would use it, `issuer` the tenant's
    address with a slash at its end, `now` the lab's time in epoch seconds.
    """
    alias, claims, is_sealed = journal.aliases.known(token), claims_of(token) or {}, token.startswith("Fe26.")
    brought = journal[alias.born - 1] if alias and alias.born and alias.answered else None
    issued_to = _sent(brought).get("client_id") if brought else None
    named, left, audience = alias.kind if alias else None, None, claims.get("aud")
    audiences = list(map(str, audience)) if isinstance(audience, list) else [str(audience)] if audience else []
    if isinstance(claims.get("exp"), int | float):
        left = float(claims["exp"]) - now
    elif is_sealed and named == "mfa_token" and brought:
        left = brought.at + MFA_TOKEN_SECONDS - now
    is_over = left is not None and left <= 0
    if is_sealed and named == "oob_code":
        kind = "oob_code"
    elif is_sealed and (named != "mfa_token" or issued_to is None):
        kind = "foreign mfa_token"  # no answer of this tenant brought it: it cannot be unsealed here
    elif is_sealed and is_over:
        kind = "expired mfa_token"
    elif is_sealed and issued_to != client_id:
        kind = "mfa_token of another application"
    elif is_sealed:
        # The tokens for which it stood are there.
        spent = any(_sent(each).get("mfa_token") == token for each in journal if "access_token" in each)
        kind = "spent mfa_token" if spent else "mfa_token"
    elif claims and named == "id_token":
        kind = "id_token"
    elif claims and f"{issuer}mfa/" not in audiences:
        kind = "api access token"
    elif claims:
        kind = "expired mfa access token" if is_over else "mfa access token"
    elif named == "refresh_token" or token.startswith("v1."):
        kind = "refresh token"
    else:
        kind = "opaque access token" if named == "access_token" else "unknown"
    scopes, verdicts = tuple(str(claims.get("scope", "")).split()), []
    for endpoint in ENDPOINTS:
        scope = _SCOPES.get(endpoint)
        if kind == "mfa access token" and scope and scope not in scopes:
            said = f"Insufficient scope, expected any of: {scope}"
            verdicts.append(Verdict(endpoint, 403, "insufficient_scope", said, "guess"))
        else:
            _, _, answer, evidence, when = next(row for row in _ROWS if endpoint in row[1] and row[0] in (kind, None))
            verdicts.append(Verdict(endpoint, *answer, evidence, when))
    return Inspection(
        shown=alias.shown if alias else "this token",
        kind=kind,
        shape="sealed" if is_sealed else "JWT" if claims else "opaque",
        audience=", ".join(audiences) or None,
        scopes=scopes,
        seconds_left=left,
        client_id=str(claims["azp"]) if "azp" in claims else issued_to,
        verdicts=tuple(verdicts),
    )

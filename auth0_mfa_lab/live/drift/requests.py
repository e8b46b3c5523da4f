"""A recorded request as it is sent to a sandbox: with the sandbox's applications, people, codes and values."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlencode

import httpx

from auth0_mfa_lab.live.drift.calls import (
    DATABASE,
    MANAGEMENT,
    PASSWORDLESS,
    bearer_of,
    fields_of,
    is_granted,
    path_of,
    query_of,
    text_field,
    was_right,
)
from auth0_mfa_lab.live.drift.pairs import Pairs
from auth0_mfa_lab.live.drift.stage import Codes, Stage
from auth0_mfa_lab.live.drift.story import Story, credentials_of
from auth0_mfa_lab.wire.exchange import Json, Recorded, Request

_FORM = "application/x-www-form-urlencoded"
_KEPT = (
    *("content-type", "accept", "accept-language", "x-request-language", "auth0-forwarded-for", "auth0-client"),
    *("dpop", "mfa-dpop"),
)


class Requests:
    """Writes the requests of one story for one stage."""

    def __init__(self, story: Story, stage: Stage, pairs: Pairs) -> None:
        self._story = story
        self._stage = stage
        self._pairs = pairs
        self._codes = Codes()
        self._management: str | None = None

    def written(self, each: Recorded) -> httpx.Request:
        """Return an exchange's request for the stage; NotGiven for one that needs what the stage never gave."""
        request = each.request
        headers = [(name, str(value)) for name, value in request.headers if name in _KEPT]
        if authorization := self._authorization(each):
            headers.append(("authorization", authorization))
        return httpx.Request(request.method, self._url(each), headers=headers, content=self._body(each))

    def _url(self, each: Recorded) -> str:
        parts = [self._part(unquote(part), each) for part in path_of(each.request).split("/")]
        query = urlencode([(name, self._pairs.value(value)) for name, value in query_of(each.request)])
        path = "/".join(quote(part, safe="") for part in parts)
        return f"https://{self._story.domain}{path}{'?' if query else ''}{query}"

    def _part(self, part: str, each: Recorded) -> str:
        if part in self._story.roles:
            return self._application(part, None)[0]
        is_user = f"{MANAGEMENT}users/{quote(part, safe='')}" in path_of(each.request)
        if is_user and part and self._pairs.of(part) is None and is_granted(each.response):
            # Somebody has typed an id that no answer has told: it is the person's who logs in, or anybody's.
            realm, name = next(iter(self._story.starts), ("", ""))
            self._pairs.give(part, self._stage.user_id(name, realm) or self._stage.defaults.user_id)
        return self._pairs.value(part)

    def _authorization(self, each: Recorded) -> str:
        header = str(each.request.header("authorization") or "")
        if header.lower().startswith("basic "):
            pair = self._application(*credentials_of(each.request))
            return "Basic " + base64.b64encode(f"{quote(pair[0])}:{quote(pair[1] or '')}".encode()).decode()
        token = bearer_of(each.request)
        if not token:
            return header
        is_management = path_of(each.request).startswith(MANAGEMENT) and self._pairs.of(token) is None
        if is_management and each.response is not None and each.response.status not in (401, 403):
            return f"Bearer {self._management_token()}"
        return f"Bearer {self._pairs.value(token)}"

    def _body(self, each: Recorded) -> bytes:
        request = each.request
        fields = fields_of(request)
        if request.media_type == _FORM and fields:
            pairs = parse_qsl(str(request.text), keep_blank_values=True)
            written = self._fields(dict(pairs), each)
            rest = {name: value for name, value in written.items() if name not in fields}
            kept = [(name, str(written[name])) for name, _ in pairs if name in written]
            return urlencode([*kept, *rest.items()]).encode()
        if fields:
            return json.dumps(self._fields(fields, each)).encode()
        return self._array(request)

    def _array(self, request: Request) -> bytes:
        """Return a body that has no fields: a list with its values, anything else as it was sent."""
        data = request.raw_data()
        return json.dumps(self._pairs.data(data)).encode() if isinstance(data, list) else bytes(request.body)

    def _fields(self, fields: Mapping[str, Json], each: Recorded) -> dict[str, Json]:
        written = {name: self._field(name, value, fields, each) for name, value in fields.items()}
        client_id = text_field(fields, "client_id")
        if "client_assertion" in written and client_id in self._story.roles:
            # Nobody has the key that signed it: the sandbox's application proves itself by its secret.
            written = {name: value for name, value in written.items() if not name.startswith("client_assertion")}
            written["client_secret"] = self._stage.defaults.client_secret
        return written

    def _field(self, name: str, value: Json, fields: Mapping[str, Json], each: Recorded) -> Json:
        text = text_field(fields, name)
        if name in ("client_id", "client_secret"):
            client_id, secret = credentials_of(each.request)
            return self._application(client_id, secret)[name == "client_secret"] if client_id else value
        if name in ("otp", "binding_code", "recovery_code") and text:
            return self._code(name, text, fields, each)
        if name == "password" and text and self._story.passwords.get(text_field(fields, "username")) == text:
            return self._stage.password(text_field(fields, "username")) or value
        if name == "realm" and fields.get("grant_type") in DATABASE and was_right(each.response):
            return self._stage.defaults.realm
        if name == "audience" and text.endswith((MANAGEMENT, "/mfa/")) and was_right(each.response):
            # The canonical domain, where the calls go to a custom one.
            return f"https://{self._story.domain}{'/mfa/' if text.endswith('/mfa/') else MANAGEMENT}"
        return self._pairs.data(value)

    def _application(self, client_id: str, secret: str | None) -> tuple[str, str | None]:
        """Return the sandbox's application for one of the live tenant's; a wrong secret stays wrong."""
        own = self._stage.defaults
        known = {
            "app": (own.client_id, own.client_secret),
            "machine": (own.mgmt_client_id, own.mgmt_client_secret),
            "public": (own.public_client_id, None),
        }.get(self._story.roles.get(client_id, ""))
        if known is None:
            return client_id, secret
        is_right = secret is not None and secret == self._story.secrets.get(client_id)
        return known[0], known[1] if is_right else secret

    def _code(self, name: str, live: str, fields: Mapping[str, Json], each: Recorded) -> str:
        """Return the code to send: what the person would read on this stage, where it was right."""
        if (known := self._pairs.of(live)) is not None:
            return known
        stage, right = self._stage, was_right(each.response)
        mfa_token = self._pairs.of(text_field(fields, "mfa_token")) or ""
        if name == "binding_code":
            code = stage.binding_code(self._pairs.of(text_field(fields, "oob_code")) or "")
        elif name == "recovery_code":
            code = stage.recovery_code(mfa_token)
        elif fields.get("grant_type") == PASSWORDLESS:
            code = stage.passwordless_code(text_field(fields, "username"))
        else:
            code = stage.otp(mfa_token)
        return self._codes.of(live, code, was_right=right)

    def _management_token(self) -> str:
        """Return a token for the sandbox's Management API, for a run whose own came from elsewhere."""
        if self._management is None:
            own = self._stage.defaults
            asked = httpx.Request(
                "POST",
                f"https://{self._story.domain}/oauth/token",
                json={
                    "grant_type": "client_credentials",
                    "client_id": own.mgmt_client_id,
                    "client_secret": own.mgmt_client_secret,
                    "audience": f"https://{self._story.domain}{MANAGEMENT}",
                },
            )
            self._management = str(self._stage.ask(asked).json()["access_token"])
        return self._management

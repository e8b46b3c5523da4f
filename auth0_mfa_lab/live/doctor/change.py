"""A change of a tenant's setting: read first, then write what is there with what is missing."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from auth0_mfa_lab.wire.exchange import Json

CLIENT, REALM = "{client_id}", "{realm}"
"""What stands in a change for the application and the connection of the settings."""
_BEARER = '-H "Authorization: Bearer $AUTH0_MGMT_TOKEN"'
_JSON = '-H "content-type: application/json"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One call of the Management API that mends a setting.

    It reads `read`, and sends `method` to `path`, both as they stand behind `/api/v2`. The setting is the member `key`
    of the body (None: the whole body is it); in an answer that is an array, that of the item named `item`. `adds` are
    put to the list that is there; otherwise `value` takes the place of what is there.
    """

    read: str
    method: str
    path: str
    key: str | None
    item: str | None = None
    adds: tuple[str, ...] = ()
    value: Json = None

    @property
    def call(self) -> str:
        """The call in words: `PUT /api/v2/guardian/policies`."""
        return f"{self.method} /api/v2{self.path}"

    def of(self, client_id: str, realm: str) -> Change:
        """Return the change of this application and this connection, in the place of CLIENT and REALM."""
        read, path = (each.replace(CLIENT, quote(client_id, safe="")) for each in (self.read, self.path))
        return replace(self, read=read, path=path, value=realm if self.value == REALM else self.value)

    def now(self, answer: Json) -> Json:
        """Return the setting as an answer to `read` tells it; None where it tells nothing."""
        if self.item is not None:
            items = [each for each in answer if isinstance(each, Mapping)] if isinstance(answer, list) else []
            answer = next((each for each in items if each.get("name") == self.item), None)
        if self.key is None:
            return answer
        return answer.get(self.key) if isinstance(answer, Mapping) else None

    def is_told(self, answer: Json) -> bool:
        """Tell whether an answer to `read` is such that nothing is lost by what is written after it."""
        if self.adds or self.key is None:
            return isinstance(self.now(answer), list)
        return isinstance(answer, Mapping) if self.item is None else self.now(answer) is not None

    def then(self, now: Json) -> Json:
        """Return the setting as it is to be, by what it is now: a list keeps what it has."""
        if not self.adds:
            return self.value
        there = [str(each) for each in now] if isinstance(now, list) else []
        return [*there, *(each for each in self.adds if each not in there)]

    def body(self, then: Json) -> Json:
        """Return the body that sets it."""
        return then if self.key is None else {self.key: then}

    def curl(self, domain: str) -> str:
        """Return the commands that do it with curl (and jq, where a list is added to)."""
        api = f"https://{domain}/api/v2"
        write = f'curl -sS -X {self.method} "{api}{self.path}" {_BEARER} {_JSON}'
        if not self.adds:
            return f"{write} -d {self._written()}"
        return f'curl -sS "{api}{self.read}" {_BEARER} |\n  jq -c {self._merging()} |\n  {write} -d @-'

    def cli(self) -> str:
        """Return the commands that do it with Auth0's command line."""
        write = f'auth0 api {self.method.lower()} "{self.path.lstrip("/")}"'
        if not self.adds:
            return f"{write} --data {self._written()}"
        return f'auth0 api get "{self.read.lstrip("/")}" | jq -c {self._merging()} | {write}'

    def _written(self) -> str:
        return shlex.quote(json.dumps(self.body(self.value)))

    def _merging(self) -> str:
        return shlex.quote(f"{{{self.key}: (.{self.key} + ({json.dumps(list(self.adds))} - .{self.key}))}}")

"""How a request is sent for one application: its authentication, its body, and the Exchange that comes of it."""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, TypeGuard
from urllib.parse import quote

import httpx

from auth0_mfa_lab.assertion import Assertions
from auth0_mfa_lab.errors import LabError, NoAnswer, SettingsError
from auth0_mfa_lab.secret import Secret
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.wire.aliases import SHOWN
from auth0_mfa_lab.wire.exchange import Exchange, Json
from auth0_mfa_lab.wire.recorder import EXCHANGE, Unanswered

_FIELDS = ("access_token", "refresh_token", "oob_code", "recovery_code")
"""What an answer has under the name of the parameter that it goes into."""
ClientAuthentication = Literal["client_secret_post", "client_secret_basic", "private_key_jwt", "none"]


class Sender:
    """Sends for one application of one tenant, through a client whose transport records."""

    def __init__(
        self,
        http: httpx.Client,
        *,
        client_id: str = "",
        client_secret: str | None = None,
        authentication: ClientAuthentication = "none",
        private_key: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Send through `http`; without a `client_secret` or a `private_key` the application sends its id alone."""
        self.client_id = client_id
        self._http = http
        self._client_secret = client_secret
        has_secret = private_key is not None if authentication == "private_key_jwt" else bool(client_secret)
        self._authentication: ClientAuthentication = authentication if has_secret else "none"
        issuer = f"{str(http.base_url).rstrip('/')}/"
        self._assertions = Assertions(client_id=client_id, private_key=private_key or "", audience=issuer, now=now)

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Json] | Sequence[Json] | None = None,
        form: Mapping[str, str | None] | None = None,
        bearer: str | None = None,
        headers: Mapping[str, str | None] | None = None,
        as_application: bool = False,
    ) -> Exchange:
        """Send one request, without the fields and headers that are None; NoAnswer when the network gives none.

        A JSON array is sent as it is. Raises LabError for a `json` that is neither an object nor a list.
        """
        if json is not None and not isinstance(json, Mapping) and not _is_list(json):
            raise LabError(
                f"json is the body as an object or a list, and a {type(json).__name__} is none: write json={{...}} or "
                "json=[...]."
            )
        own = {name: value for name, value in (headers or {}).items() if value is not None}
        if bearer is not None:
            own["authorization"] = Secret("Bearer ", "Bearer ") + checked_text("the Bearer token", bearer)
        named = json if isinstance(json, Mapping) else form
        fields = {name: value for name, value in (named or {}).items() if value is not None}
        for name, value in fields.items():
            if form is not None or isinstance(value, Exchange | str):
                checked_text(name, value)
        if as_application:
            fields, authorization = self._authenticated(fields)
            own |= authorization
        array = None if json is None or isinstance(json, Mapping) else list(json)
        has_json = json is not None or (form is None and bool(fields))
        # An id may stand in it: a traceback that shows its frames' values shows none of it.
        path = Secret(quote(path, safe="/%?=&"), "<path>")
        body = (fields if array is None else array) if has_json else None
        answer = self._sent(method, path, headers=own, json=body, data=fields if form is not None else None)
        if isinstance(answer, LabError):
            raise answer from None
        return answer

    def _sent(self, method: str, path: str, **parts: Json) -> Exchange | LabError:
        """Return what came of a request; an error is the caller's to raise, out of the frames that hold the body."""
        try:
            request = self._http.build_request(method, path, **parts)
        except (TypeError, ValueError, httpx.InvalidURL) as problem:
            return LabError(
                f"The request cannot be written ({type(problem).__name__}): a value in it is nothing that can be sent. "
                "Pass each value just as an answer gave it."
            )
        try:
            exchange: Exchange = self._http.send(request).extensions[EXCHANGE]
        except Unanswered as failure:
            return NoAnswer.to(failure.exchange)
        except LabError as refusal:
            # The frames in which it was raised hold the body.
            refusal.__context__ = None
            return refusal.with_traceback(None)
        return exchange

    def _authenticated(self, fields: dict[str, Json]) -> tuple[dict[str, Json], dict[str, str]]:
        """Return a body's fields with the application's authentication, and the headers for it."""
        if self._authentication == "client_secret_basic":
            pair = f"{quote(self.client_id, safe='')}:{quote(self._client_secret or '', safe='')}"
            return fields, {"authorization": Secret(f"Basic {base64.b64encode(pair.encode()).decode()}", "<Basic>")}
        if self._authentication == "private_key_jwt":
            return {**fields, **self._assertions.fields()}, {}
        secret = {"client_secret": self._client_secret} if self._authentication == "client_secret_post" else {}
        return {**fields, "client_id": self.client_id, **secret}, {}


def quoted(name: str, value: str) -> str:
    """Return a value as one part of a path, percent-encoded.

    Raises LabError for what is no id: nothing, or dots, would make another path of it, such as that of all users.
    """
    text = checked_text(name, value)
    if not text.strip(". "):
        said = "empty" if not text.strip() else "only dots"
        raise LabError(f"{name} is {said}: pass an id just as an answer gave it.")
    # Half of a surrogate pair is no text that can be sent; whatever stands for it is no id either.
    return quote(text, safe="", errors="replace")


def checked_text(name: str, value: object) -> str:
    """Return a value that is text; LabError says what to pass in place of an exchange or of something else."""
    if isinstance(value, Exchange):
        field = name if name in _FIELDS else "mfa_token"
        raise LabError(f"{name} is a whole exchange: pass one of its fields, such as exchange[{field!r}].")
    if not isinstance(value, str):
        raise LabError(f"{name} is a {type(value).__name__} and no text: pass the value that an answer gave.")
    if SHOWN.fullmatch(value.strip()):
        raise LabError(
            f"{name} is {value.strip()}, the name under which the lab shows a secret: pass the secret itself, such as "
            "login['mfa_token']."
        )
    return value


def checked_list(name: str, value: object) -> list[Json]:
    """Return a list of what a parameter holds; LabError for a text, whose letters nobody means, or for no list."""
    if _is_list(value):
        return list(value)
    written = f"write [{value!r}]" if isinstance(value, str) else f"a {type(value).__name__} is none"
    raise LabError(f"{name} is a list: {written}.")


def _is_list(value: object) -> TypeGuard[Iterable[Json]]:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def network(settings: Settings) -> httpx.BaseTransport:
    """Return the transport to a live tenant, which trusts the settings' CA file, or the usual roots."""
    if settings.ca_file is None:
        return httpx.HTTPTransport()
    try:
        return httpx.HTTPTransport(verify=ssl.create_default_context(cafile=settings.ca_file))
    except (OSError, ssl.SSLError):
        pass
    raise SettingsError("AUTH0_CA_FILE is no file of PEM certificates that can be read. Check its path and content.")

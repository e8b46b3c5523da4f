"""Which values are secret: by the name of their field, by their shape, and by their place in a message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, unquote, unquote_plus

from auth0_mfa_lab.secrets.claims import claims_of, from_base64, parsed

if TYPE_CHECKING:
    from auth0_mfa_lab.wire.exchange import Message

Found = tuple[str, str]  # a kind and a value, such as `("mfa_token", "Fe26.2*…")`
MARK = "standin"  # what every stand-in has in it but a number and a code, in lower or upper case

# The wire's own names: any value of them counts. `n`, `x5c` and `x5t` are no secrets, but no library here can seed an
# RSA key: what follows from one is shown under an alias.
_WIRE = (
    "mfa_token oob_code binding_code otp recovery_code enrollment_tx_id totp_secret access_token id_token "
    "refresh_token auth_session ticket_id secret identifier password client_secret client_assertion assertion code "
    "cookie challenge challenge_response transaction_token device_account_token device_code user_code "
    "verification_code passcode code_verifier n x5c x5t"
)
NAMES = {name: name for name in _WIRE.split()} | {"c": "challenge", "txtkn": "transaction_token"}
NAMES |= {"recovery_codes": "recovery_code", "ticket": "ticket_id", "pem": "private_key"}
# With the parts of OpenID Connect's address, which are a person's beside each other and alone.
_PERSONS = (
    "username email phone_number name nickname picture given_name family_name user_id sub middle_name "
    "preferred_username fullname birthdate phone login_hint ip formatted street_address locality postal_code"
)
_PEOPLE = {name: name for name in _PERSONS.split()}
_PEOPLE |= {"_id": "user_id", "user_name": "username", "user_email": "email", "full_name": "fullname"}
# Of keys most are public, or no keys at all: `kid`, `public_key`, `primary_key`, `partition_key`.
_ENDING = (
    r"(?:.*_)?((?:secret|password|passwd|passphrase|token|credential|apikey|(?:access|account|api|auth|encryption|hmac"
    r"|license|master|private|secret|server|service|shared|signing|subscription)_key)s?)"
)

_MAY_TELL = r"eyJ|Fe26\.|[=:]|PRIVATE KEY"
JWT = r"eyJ[\w-]{0,4000}+\.[\w-]{0,90000}+\.[\w-]*"
_SEALED = r"Fe26\.[\w.*~-]{20,}"
_RECOVERY = r"[A-Z0-9][A-Z0-9]{23}(?<![A-Z]{24})(?<![0-9A-F]{24})"  # a number in hex, and a word, is none
_CREDENTIALS = r"([\w.~+/*-]{8,}={0,2})"
SEALED = "sealed string (mfa_token or oob_code)"
# fmt: off
SHAPES = (  # what a find is called, the kind of an alias, if it is one, what it begins with in lower letters, its form
    ("JWT",               "token",       "eyj",        JWT),
    (SEALED,              "token",       "fe26.",      _SEALED),
    ("private key",       "private_key", "-----begin",
     r"(?s:(-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----.{16,9000}?-----END \2-----))"),
    ("password",          "password",    "://",
     r"://(?<=[A-Za-z0-9+.-]://)[^\s/:@\"'<>]*:([^\s/@\"'<>]+)@"),
    ("Basic header",      None,          "basic",      rf"(?i)\bBasic\s+{_CREDENTIALS}"),
    ("Bearer header",     None,          "bearer",     rf"(?i)\bBearer\s+{_CREDENTIALS}"),
    ("enrollment ticket", None,          "ticket",     rf"(?i)\bTicket\s+(?:id\s*=\s*[\"']?)?{_CREDENTIALS}"),
    ("refresh token",     None,          "v1.",        r"(?<![\w.-])v1\.[\w-]{40,}"),
    ("recovery code",     None,          "",           rf"{_RECOVERY}(?<![\w+/=-].{{24}})(?![\w+/=-])"),
)
# fmt: on
# `name=value`, `"name": "value"`, `name: 'value'`; what a name like that says of a sentence is nothing.
_PAIR = r"([A-Za-z][\w.-]{0,60})(?:\\?[\"'])?(?:=|\\?[\"']\s{0,3}:\s{0,3})"
_PAIR += r"(?:\\?([\"'])(?=[^\s\"'&;,<>\\])((?:(?!\2)[^\\\r\n]){1,400})(?=\\?\2)|(?:\\?[\"'])?([^\s\"'&;,<>\\]+))"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_PART = r"name=\"([^\"\r\n]{1,60})\"(?:[^\r\n]{0,200}\r?\n){1,9}?\r?\n([^\0]{1,9000}?)\r?\n--"  # of a multipart form
_OF_PEOPLE = {
    "email": r"(?a)(?<![\w.+%-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+",
    "phone_number": r"(?a)(?<![\w+])\+[1-9]\d{6,14}(?!\d)",
    # An authenticator's id (`sms|dev_…`) is a thing's, not a person's.
    "user_id": r"(?a)(?<![\w|-])[a-z][\w-]*\|(?!dev_)[\w.@+-][\w.@+|-]{3,}",
}
_LOOKED_FOR = r"\b(user_id|email|phone_number|username|name|nickname)(?:\.raw)?:\"?([^\"\s()*]{3,})"
# A tenant's factors and clients have a `name` too: only beside these is it a person's. The last four are those of an
# authentication method of the Management API, in an answer or on its way.
_PERSONAL = "sub email user_id authenticator_type identifier confirmed auth_method phone_number totp_secret"
_PRIVATE = frozenset(("user_metadata", "app_metadata", "address"))
_MIXED = r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9+/_=-]{16,}"


@lru_cache(maxsize=4096)
def secret_kind(name: str) -> str | None:
    """Return the kind of secret that a field of this name holds, or None: a wire's own name, or one with its ending."""
    if name in NAMES:
        return NAMES[name]
    ending = re.fullmatch(_ENDING, _snake(name))
    return as_kind(name, ending[1]) if ending else None


@lru_cache(maxsize=4096)
def personal_kind(name: str) -> str | None:
    """Return what of a person a field of this name holds, or None."""
    plain = _snake(name.rpartition("/")[2])
    return _PEOPLE.get(name) or _PEOPLE.get(plain) or ("ip" if plain.endswith("_ip") else None)


def _snake(name: str) -> str:
    """Return a name in the form of an alias's kind: `authToken` and `X-Auth-Token` end in `auth_token`."""
    return "_".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)).lower()


@lru_cache(maxsize=1024)
def as_kind(name: str, otherwise: str) -> str:
    """Return a name as the kind of an alias; `otherwise` where nothing of it can be one."""
    plain = _snake(name.rpartition("/")[2])
    return plain if plain[:1].isalpha() and plain.isascii() and len(plain) <= 40 else otherwise


def kind_of(name: str, value: str, *, pair: bool = True) -> str | None:
    """Return the kind of secret that a value under a name is, or None; `pair`: in a query, a form or a text."""
    kind = secret_kind(name)
    if kind == "code":  # a long one is an authorization code in a pair, and the name of an error in JSON
        return kind if value.isdigit() or (pair and len(value) >= 16) else None
    if kind is None or name in NAMES:
        return kind
    no_secret = value.lower() in ("true", "false", "null", "none") or value.startswith(("http://", "https://"))
    return kind if len(value) >= 4 and not no_secret else None


def in_text(text: str, name: str, *, people: bool) -> Iterator[Found]:
    """Yield what is secret in a text by its shape, or by a name beside it; `name` is that of the text's field.

    With `people`, emails, numbers in E.164 form and ids such as `auth0|…` are yielded too.
    """
    if re.search(_MAY_TELL, text):  # most texts are a word or two
        lower = text.lower()
        for _, shape, sign, pattern in SHAPES:
            for match in re.finditer(pattern, text) if shape and sign in lower else ():
                found = match[match.lastindex or 0]
                found = unquote_plus(found) if shape == "password" else found
                yield as_kind(name, "token") if shape == "token" else str(shape), found
        for match in re.finditer(_PAIR, text):
            if kind := kind_of(match[1], value := unquote_plus(match[3] or match[4])):
                yield kind, value
    if people and name != "user_agent":
        for kind, pattern in _OF_PEOPLE.items():
            yield from ((kind, match[0].rstrip(".")) for match in re.finditer(pattern, text))
        yield from ((match[1], match[2]) for match in re.finditer(_LOOKED_FOR, text))


def is_jwt(value: str) -> bool:
    """Say whether a value is a JWT and nothing else."""
    return re.fullmatch(JWT, value) is not None


def is_stand_in(value: str) -> bool:
    """Say whether a value says of itself that it is a stand-in; a code or a number cannot."""
    return MARK in (value.rpartition(".")[2] if is_jwt(value) else value).lower()


# -- how a person or a program writes them, and what the scanner looks for

_TOKEN = r"(?![a-z]+(?:[._-][a-z]+)*$|[A-Z]+(?:_[A-Z0-9]+)*$)[\w.~+/*=-]{16,}"  # no words, and no constant
_TICKET = r"(?=.*[A-Za-z])(?=.*\d|.*[a-z].*[A-Z]|.*[A-Z].*[a-z])[\w-]{12,}"
_DRAWN = r"(?!(\d)\1*$)"  # 000000 is no code that was sent
TICKET_URI = r"otpauth://[^\s\"'<>`\\\0]+|https?://[^\s\"'<>`\\\0]{1,300}(?:ticket|ticket_id|enrollment_tx_id)=[\w-]+"
_PLACEHOLDER = (
    # An alias, a variable, a template; what is cut short or blotted out; words that say so.
    r"(?i)^[<\[{]|^\$[A-Za-z_{(]|\$\{|\{\w*\}|%\(|<[\w ]+>|\.\.\.|…|[*•]{3}|(?<![A-Za-z0-9])x{3,}(?![A-Za-z0-9])|x{6}"
    r"|\b(?:your|redacted|masked|hidden|placeholder|change_?me|replace_?me)\b|your_|_here$"
    r"|^(?:none|null|nil|undefined|true|false|str|string|text|bytes|secret|password|passwd|token|code|required|optional"
    r"|[a-z]+(?:_(?:token|code|secret|password)))$"
)
# A password has a letter and a digit, and is none of these.
_NO_PASSWORD = (
    r"(?i)\s|pass|secret|your|example|sample|test|wrong|not|dummy|fake|foo|placeholder|0123456|1234567|://"
    r"|^\D*$|^[^A-Za-z]*$"
)
_REFERENCE = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
_WORDS = r"[^\W\d_]+(?:[ '’-][^\W\d_]+)*[.!?:…]*"  # a label or a sentence
# Where a value stands: in code and prose; in a text that a program printed; in a field; in settings and requests.
PROSE, PRINTED, FIELD, SENT = range(4)
CODES = ("binding code", "one-time code", "passwordless code")
# fmt: off
_FINDS = (  # what a find is called, the names of its fields, and what a value looks like where a program wrote it
    ("mfa_token",         "mfa_token",                                 _TOKEN),
    ("oob_code",          "oob_code",                                  _TOKEN),
    ("binding code",      "binding_code",                              _DRAWN + r"\d{4,10}"),
    ("one-time code",     "otp one_time_code verification_code passcode", _DRAWN + r"\d{4,10}"),
    ("passwordless code", "code",                                      _DRAWN + r"\d{6}"),
    ("recovery code",     "recovery_code recovery_codes",              r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9-]{12,40}"),
    ("enrollment ticket", "enrollment_tx_id ticket_id ticket",         _TICKET),
    ("TOTP secret",       "totp_secret secret",                        r"[A-Z2-7]{16,}=*"),
    ("password",          "password passwd passphrase",                r".{4,}"),
    ("client secret",     "client_secret",                             r".{8,}"),
    ("refresh token",     "refresh_token",                             _TOKEN),
    ("access token",      "access_token",                              _TOKEN),
    ("ID token",          "id_token",                                  _TOKEN),
    ("control token",     "lab_token",                                 _TOKEN),
    ("assertion",         "client_assertion assertion",                _TOKEN),
    ("transaction token", "transaction_token",                         _TOKEN),
    ("device code",       "device_code",                               _TOKEN),
    ("code verifier",     "code_verifier",                             _TOKEN),
    ("session",           "auth_session",                              _TOKEN),
)
# fmt: on
_TITLES = {name.replace("_", ""): title for title, names, _ in _FINDS for name in names.split()}
_LOOKS = {title: looks for title, _, looks in _FINDS}
_WRITTEN = "|".join(name.replace("_", "_?") for _, names, _ in _FINDS for name in names.split())
# The last word of each such name, as it stands in a text in lower letters: what does not end so is no name.
_LASTS = {word for _, names, _ in _FINDS for word in re.findall(r"[a-z]+(?:_id)?\b", names)} | {"credential", "key"}
_LAST = "|".join(sorted(_LASTS, key=len)[::-1]).replace("_", "[_ -]?")
LAST_WORD = rf"(?:{_LAST})s?(?:_\d{{1,4}})?"
# Tokens that a page has by the dozen, and that open nothing.
_NO_SECRETS = r"(?:.*_)?(?:csrf|xsrf|page|next|continuation|sync|cancel|cancellation|public|refresh_page)_tokens?"


@lru_cache(maxsize=4096)
def titles_of(name: str) -> tuple[str, ...]:
    """Return what the secret beside a name such as `mfaToken`, `MFA token` or `AUTH0_PASSWORD` may be called.

    A name that has no row of its own counts by its ending, as for the aliases: `auth token`. `code` is the end of too
    many, and a `token` alone may be anything.
    """
    plain = re.sub(r"(?:_\d{1,4})+$", "", _snake(name[-100:]))
    row = re.fullmatch(rf"(?:.*?_)??({_WRITTEN})", plain)
    titles = (_TITLES[row[1].replace("_", "")],) if row and (row[1] != "code" or plain == "code") else ()
    ending = re.fullmatch(_ENDING, plain)
    if not ending or (titles and titles != ("TOTP secret",)) or re.fullmatch(_NO_SECRETS, plain):
        return titles
    is_whole = plain == ending[1] and not re.search("key", plain)
    return titles if is_whole else (*titles, ending[1].removesuffix("s").replace("_", " "))


def looks_random(value: str) -> bool:
    """Say whether a text was drawn and not written: letters and digits that change places all the time."""
    value = value[:400]
    if not re.fullmatch(r"(?=.*\d)(?!\d+$)[\w.~+/*=-]{16,}", value):
        return False
    runs = re.findall(r"[a-z]+|[A-Z]+|\d+", value)
    words = sum(len(run) for run in runs if len(run) > 3 and run.isalpha())
    return len(set(value)) > 8 and len(runs) > 0.3 * sum(map(len, runs)) and words <= 0.35 * len(value)


def judged(title: str, value: str, level: int, *, quoted: bool = True) -> str | None:
    """Return the kind of a value beside a name of this kind; None for a stand-in, a word, or a reference to one.

    In a field, in settings and in a request a value is a value; in what was printed it must look like one, and more so
    in code and prose, if it is not `quoted`.
    """
    if re.search(_PLACEHOLDER, value[:200] + value[200:][-20:]) or is_stand_in(value):
        return None
    if value.startswith("Fe26."):  # what is sealed has more parts, or one that was drawn
        return title if value.count("*") > 2 or looks_random(value.partition("*")[2]) else None
    if is_jwt(value):
        return "JWT" if claims_of(value, part=0) else None
    if title == "Basic header":  # a name and a password, and no stand-in for them
        try:
            name, _, password = unquote(from_base64(value).decode()).partition(":")
        except ValueError:
            return None
        is_pair = name and f"{name}{password}".isprintable()
        return title if is_pair and judged("client secret", password, SENT) else None
    is_drawn = value[:1] != "/" and (looks_random(value) or re.fullmatch(_RECOVERY, value) is not None)
    certain = level >= FIELD or is_drawn
    if title == "password" and not is_drawn:
        is_reference = not quoted and re.fullmatch(_REFERENCE, value) and (level == PROSE or "." in value)
        is_word = level < SENT and re.fullmatch(rf"{_WORDS}|/.*|\w+://.*", value)
        is_likely = level or (len(value) >= 8 and not re.search(_NO_PASSWORD, value))
        certain = bool(is_likely) and not (is_reference and level < SENT) and not is_word
    elif title == "TOTP secret":
        certain = len(set(value)) > 4 and (bool(level) or re.search("[2-7]", value) is not None)
    elif title in CODES:
        certain = bool(level) or value not in "01234567890123456789 98765432109876543210"
    # A secret that is known by its name's ending alone was drawn.
    looks = _LOOKS.get(title)
    has_form = re.fullmatch(looks, value) if looks else looks_random(value)
    return title if title == "private key" or (certain and has_form) else None


def is_an_examples(uri: str) -> bool:
    """Say whether a ticket is no secret: each host that its URI names is an example's, or it is the sandbox's own."""
    text = unquote(uri)
    hosts = re.findall(r"https?://(?:[^\s&/@]*@)?([^\s&/?#:]*)", text)
    hosts += re.findall(r"^otpauth://totp/([^:?]*\.[^:?]*):", text)  # a tenant's domain of its own
    is_sandboxes = re.match(r"otpauth://totp/sandbox:\w+@example\.com\?", text)
    return bool(hosts or is_sandboxes) and all(each.endswith(".example") for each in hosts)


# -- a message


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object, of which two may have one name: the last one does not hide those before it."""


def secrets_of(message: Message, *, url: str = "", people: bool = False) -> Iterator[Found]:
    """Yield the secrets of a request (with its `url`) or a response, each once, in their order; `people`'s data too."""
    yield from dict.fromkeys(_Search(people).message(message, url))


def secrets_of_path(url: str, *, people: bool = False) -> Iterator[Found]:
    """Yield what the path of a URL gives away by its shape: no name says what it is, so an answer may know better."""
    return in_text(unquote(re.sub(r"\?[^#]*", " ", url)), "token", people=people)


def secrets_of_barcode(uri: str, *, people: bool = False) -> Iterator[Found]:
    """Yield the ticket and the secret of an enrollment's URI and, with `people`, the account of its label."""
    # Not urlsplit: it raises for what is no URL, and anything may stand here.
    label, _, query = uri.partition("?")
    yield from (pair for pair in parse_qsl(query) if pair[0] in ("enrollment_tx_id", "secret"))
    tenant, colon, account = unquote(label.rpartition("/")[2]).partition(":")
    if people and (account if colon else tenant):
        yield "username", account if colon else tenant


class _Search(NamedTuple):
    """Searches one message; `path` has the names of the fields around a value, its own the last."""

    people: bool

    def message(self, message: Message, url: str) -> Iterator[Found]:
        path, _, query = url.partition("?")
        yield from self._pairs(query.partition("#")[0])
        if self.people:  # an id of one's own choice has no shape
            yield from (("user_id", unquote(each)) for each in re.findall(r"/(?:users|user-blocks)/([^/?#]+)", path))
        bearer = "device_token" if "/device-accounts/" in path else "token"
        bearer = "transaction_token" if path.endswith("/resolve-transaction") else bearer
        for name, value in message.headers:
            yield from self._header(name.lower(), value, bearer)
        text = str(message.text)
        if message.media_type in _FORMS or re.fullmatch(r"[\w.-]+=\S*", text):
            yield from self._pairs(text)
        elif (body := parsed(text, _Pairs)) is not None:
            yield from self._json(body)
        else:
            yield from in_text(text, "token", people=self.people)

    def _header(self, name: str, value: str, bearer: str) -> Iterator[Found]:
        scheme, _, rest = value.partition(" ")
        if name in ("authorization", "proxy-authorization") and scheme.lower() == "basic":
            try:
                password = from_base64(rest.strip()).decode("utf-8", "replace").partition(":")[2]
            except ValueError:
                password = ""
            # Encoded before it was encoded: the same secret stands bare in a body.
            yield from [("client_secret", unquote(password))] if password else []
            yield "basic_credentials", rest
        elif name == "authorization" and scheme.lower() == "ticket":
            ticket = re.search(r"id\s*=\s*[\"']?([^\"'\s]+)", rest)
            yield "enrollment_tx_id", ticket[1] if ticket else rest
        elif name in ("authorization", "proxy-authorization", "mfa-dpop", "dpop") and value:
            yield bearer, rest or value
        elif name in ("cookie", "set-cookie"):
            yield from (("cookie", each) for each in re.findall(r"[^=;,\s]+=([^;,\s]{8,})", value))
        elif kind := kind_of(name, value):
            yield kind, value
        else:
            yield from in_text(value, "token", people=self.people)

    def _pairs(self, text: str) -> Iterator[Found]:
        for name, value in re.findall(_PART, text) or parse_qsl(text):
            yield from self._text(value, ("", name), pair=True)

    def _json(self, value: Any, path: tuple[str, ...] = ("",), beside: frozenset[str] = frozenset()) -> Iterator[Found]:
        if isinstance(value, dict | _Pairs):
            members = value if isinstance(value, _Pairs) else [*value.items()]
            inside = frozenset(name for name, _ in members)
            for name, each in members:
                yield from in_text(name, "token", people=self.people)
                yield from self._json(each, (*path, name), inside)
        elif isinstance(value, list):
            for each in value:
                yield from self._json(each, path, beside)
        elif isinstance(value, str) and value:
            yield from self._text(value, path, beside)
        elif isinstance(value, int) and not isinstance(value, bool):
            text, kind = str(value), secret_kind(path[-1])
            least = 1 if kind in ("otp", "binding_code", "code") else 4 if kind else 6
            if len(text) >= least and (kind := kind or self._whose(text, path, beside)):
                yield kind, text

    def _text(
        self, value: str, path: tuple[str, ...], beside: frozenset[str] = frozenset(), *, pair: bool = False
    ) -> Iterator[Found]:
        name = path[-1]
        if name == "token":
            kind: str | None = {"push_credentials": "push_token", "": "device_token"}.get(path[-2], "token")
        elif name in ("d", "p", "q", "dp", "dq", "qi", "k") and "kty" in beside:
            kind = "private_key"
        elif name == "n" and "kty" not in beside:  # of a push's browser and place it is the name
            kind = None
        else:
            kind = kind_of(name, value, pair=pair) or self._whose(value, path, beside, pair)
        if value.startswith("otpauth:"):
            yield from secrets_of_barcode(value, people=self.people)
        elif kind:
            yield kind, value
        elif "client_metadata" in path and re.fullmatch(_MIXED, value):
            yield as_kind(name, "client_metadata"), value
        elif value[0] in "[{" and (inner := parsed(value, _Pairs)) is not None:
            yield from self._json(inner, (*path, ""))
        else:
            yield from in_text(value, name, people=self.people)
        if is_jwt(value):
            header, said = claims_of(value, part=0), claims_of(value) or {}
            if name == "challenge_response":
                # The challenge reaches the phone by push, not by HTTP: here it passes for the first time.
                said = {"identifier": said.get("iss"), "challenge": said.get("sub")}
            yield from self._json([header, said])

    def _whose(self, value: str, path: tuple[str, ...], beside: frozenset[str], pair: bool = False) -> str | None:
        """Return what of a person a text is by its place, or None."""
        name, is_private = path[-1], not _PRIVATE.isdisjoint(path)
        if not self.people or (name == "name" and not pair and not is_private and beside.isdisjoint(_PERSONAL.split())):
            return None
        # A language, a country and a switch name no person.
        of_profile = is_private and len(value) > 2 and value not in ("true", "false")
        return personal_kind(name) or (as_kind(name, "user_metadata") if of_profile else None)

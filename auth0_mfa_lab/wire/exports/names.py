"""What a value is called in an export: an alias is a variable, and so is what the settings or an answer bring."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import unquote

from auth0_mfa_lab.wire.aliases import Alias, Aliases
from auth0_mfa_lab.wire.exports.known import NOTHING, Known
from auth0_mfa_lab.wire.exports.texts import Data, Ref, Text, encoded, joined, refs
from auth0_mfa_lab.wire.spellings import is_short

_ALIAS = re.compile(r"<[a-z][a-z0-9_]* \d+(?:: \w+)?>")
# A string of JSON, or a number where a secret may stand.
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*', re.DOTALL)
DOMAIN = Ref("AUTH0_DOMAIN")


def variable_of(alias: Alias) -> str:
    """Return the variable of an alias: `<mfa_token 1>` is `MFA_TOKEN_1`."""
    return f"{alias.kind.upper()}_{alias.number}"


def without_secrets(text: str, aliases: Aliases) -> str:
    """Return a finished export in which every secret that is there after all is an alias: the one door out.

    Where only short ones are, it is left: they stood alone in no value, and in the code around the values a quote or a
    status may be like one.
    """
    found = (str(aliases.value_of(alias.shown)) for alias in aliases.in_text(text))
    return aliases.mask(text) if any(not is_short(value) for value in found) else text


class Names:
    """The names of values. `ids` are the ids that an answer brought, which another run has others for."""

    def __init__(
        self,
        aliases: Aliases,
        known: Known = NOTHING,
        *,
        ids: Mapping[str, str] | None = None,
        stand_ins: Mapping[str, str] | None = None,
    ) -> None:
        """Name by these; `stand_ins` has a text for each alias whose value was wrong by intention."""
        self.aliases = aliases
        self.known = known
        self._variables = known.variables(aliases)
        self._ids = ids or {}
        self._stand_ins = stand_ins or {}

    def has(self, value: str) -> bool:
        """Say whether the settings, or a person, bring a value."""
        return value in self._variables

    def variable(self, alias: Alias, field: str = "") -> str:
        """Return the variable of an alias, which may be one of the settings'."""
        return self._brought(alias.shown, field) or variable_of(alias)

    def text(self, value: str, field: str = "") -> Text:
        """Return a value with its variables; `field` is the field that it stands in, as more than one may have it."""
        if variable := self._brought(value, field) or self._ids.get(value):
            return (Ref(variable),)
        return self.masked(self.aliases.mask(value), field)

    def masked(self, text: str, field: str = "") -> Text:
        """Return a masked text with a variable for each alias, and for the tenant's domain."""
        pieces: list[Text] = []
        end = 0
        for match in _ALIAS.finditer(text):
            alias = self.aliases.named(match[0])
            if alias is None:
                continue
            instead = self._stand_ins.get(alias.shown)
            pieces += [self._domains(text[end : match.start()])]
            pieces += [(Ref(self.variable(alias, field)),) if instead is None else (instead,)]
            end = match.end()
        return joined(*pieces, self._domains(text[end:]))

    def target(self, target: str) -> Text:
        """Return a path with its query; a variable is percent-encoded there, if its value was."""
        pieces: list[Text] = []
        parts = re.split(r"([/?&=])", target)
        for part, equals, field in zip(parts, ("", *parts), ("", "", *parts), strict=False):
            name = unquote(part)
            text = self.text(name, field if equals == "=" else "")
            pieces.append(text if name == part else encoded(text) if any(refs(text)) else (part,))
        named = joined(*pieces)
        # A secret that has one of the separators in it is found in the whole alone.
        whole = all(self.aliases.mask(each) == each for each in named if isinstance(each, str))
        return named if whole else self._rest(target)

    def data(self, value: Data, field: str = "") -> Data:
        """Return JSON with its variables; a number that is a secret becomes a string."""
        if isinstance(value, dict):
            return {self.aliases.mask(key): self.data(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self.data(each, field) for each in value]
        if isinstance(value, str):
            return self.text(value, field)
        if isinstance(value, int) and not isinstance(value, bool):
            text = self.text(str(value), field)
            return value if text == (str(value),) else text
        return value

    def body(self, text: str) -> Text:
        """Return a JSON body as it was sent, with its variables."""
        pieces: list[Text] = []
        end, field = 0, ""
        for match in _TOKEN.finditer(text):
            value, quote = (_string(match[1]), '"') if match[1] else (match[0], "")
            if match[2]:
                field = value
            elif (named := self.text(value, field)) != (value,):
                inside = tuple(json.dumps(each)[1:-1] if isinstance(each, str) else each for each in named)
                pieces += [self._rest(text[end : match.start()]), (quote,), inside, (quote,)]
                end = match.end()
        return joined(*pieces, self._rest(text[end:]))

    def _rest(self, text: str) -> Text:
        return self.masked(self.aliases.mask(text))

    def _brought(self, value: str, field: str) -> str | None:
        variables = self._variables.get(value, [])
        fitting = (each for each in variables if each.startswith(f"AUTH0_{field.upper()}"))
        return next(fitting, variables[0] if variables else None)

    def _domains(self, text: str) -> Text:
        """Return a text in which the tenant's domain is a variable, where it stands as a URL's."""
        domain = self.known.domain
        if not domain or f"//{domain}" not in text:
            return (text,)
        first, *others = re.split(rf"(?<=//){re.escape(domain)}(?![\w.:-])", text)
        return joined((first,), *((DOMAIN, other) for other in others))


def _string(token: str) -> str:
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token[1:-1]

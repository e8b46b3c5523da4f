"""One colour for each alias, the same wherever it stands; the text itself keeps the page's own colour."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from zlib import crc32

from auth0_mfa_lab.secrets.aliases import SHOWN, Alias, Aliases

# Each has a contrast of 3 and more with white and with the dark theme's black, as an underline and a tint.
# fmt: off
PALETTE = (
    (30, 136, 229), (217, 115, 13), (46, 158, 79), (214, 64, 159), (15, 150, 140), (229, 72, 77),
    (124, 108, 230), (150, 130, 20), (176, 110, 70), (90, 120, 150), (168, 85, 214), (100, 145, 60),
)
_KINDS = (
    "mfa_token", "oob_code", "access_token", "recovery_code", "id_token", "password",
    "refresh_token", "enrollment_tx_id", "secret", "client_secret", "device_token", "otp",
)
# fmt: on
_STYLE = "background:rgba({0},{1},{2},0.2);border-bottom:2px solid rgb({0},{1},{2})"


def style_of(alias: Alias) -> str:
    """Return the inline style of an alias; kind and number alone decide, so that two runs look alike."""
    first = _KINDS.index(alias.kind) if alias.kind in _KINDS else crc32(alias.kind.encode())
    # Five goes round all twelve before a colour comes back.
    return _STYLE.format(*PALETTE[(first + 5 * (alias.number - 1)) % len(PALETTE)])


def coloured(text: str, aliases: Aliases, escaped: Callable[[str], str] = escape) -> str:
    """Return masked text as HTML, each alias in its colour; what only looks like an alias is text.

    `escaped` escapes the text for its surroundings.
    """
    parts: list[str] = []
    end = 0
    for match in SHOWN.finditer(text):
        if alias := aliases.named(match[0]):
            mark = f'<span style="{style_of(alias)}">{escaped(match[0])}</span>'
            parts += [escaped(text[end : match.start()]), mark]
            end = match.end()
    return "".join([*parts, escaped(text[end:])])

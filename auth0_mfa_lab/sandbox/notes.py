"""Notes for the person beside an answer: they go through the ASGI scope and are never on the wire."""

from difflib import get_close_matches

from starlette.requests import Request

from auth0_mfa_lab.sandbox.fields import Fields

EXTENSION = "auth0_lab.notes"
"""The name of the list in `scope["extensions"]`, made by whoever runs the app and wants to read the notes."""

# 0.8 finds authentication_types and oob_channel, and leaves scope, resource and organization alone.
LIKENESS = 0.8


def add_note(request: Request, note: str | None) -> None:
    """Append a plain sentence, which must hold no secret, if there is one and anybody listens."""
    notes = request.scope.get("extensions", {}).get(EXTENSION)
    if notes is not None and note is not None:
        notes.append(note)


def note_misspellings(request: Request, fields: Fields, known: tuple[str, ...]) -> None:
    """Note each field of a body that Auth0 does not read and that looks like one it does."""
    missing = [name for name in known if name not in fields]
    for name in fields:
        if name not in known:
            for meant in get_close_matches(name, missing, n=1, cutoff=LIKENESS):
                add_note(request, f"`{name}` is not read: did you mean `{meant}`?")

"""`lab.export(kind)`: every kind of export, and its text as the value of a cell."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.exports.dialects import DIALECTS, curl
from auth0_mfa_lab.exports.mermaid import mermaid
from auth0_mfa_lab.exports.plan import plan_of
from auth0_mfa_lab.show.sentences import Sentence
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.har import har
from auth0_mfa_lab.wire.journal import Journal

KINDS = ("curl", *DIALECTS, "har", "mermaid")


def exported(kind: str, journal: Journal, exchange: Exchange | None = None) -> str:
    """Return a journal, or one exchange of it, as text of this kind; no secret stands in it.

    Raises LabError for a kind that there is not, and for `curl` without an exchange.
    """
    if kind not in KINDS:
        raise LabError(f"There is no export {kind!r}. There are: {', '.join(KINDS)}.")
    if kind == "curl":
        if not isinstance(exchange, Exchange):
            raise LabError(f"{kind} wants an exchange, such as the value of client.password_grant(...).")
        if not any(each is exchange for each in journal):
            raise LabError(
                f"This exchange is in another lab's journal, which alone knows its secrets: take {kind} there."
            )
        return curl(exchange, journal)
    if exchange is not None:
        raise LabError(f"{kind} is of the whole journal: leave the exchange out.")
    if kind in DIALECTS:
        return DIALECTS[kind](plan_of(journal)).write()
    return har(journal) if kind == "har" else mermaid(journal)


@dataclass(frozen=True, slots=True, repr=False)
class Exported:
    """The text of an export of this kind; it holds no secret. `str()` of it is the text too."""

    text: str
    kind: str

    def save(self, path: Path | str) -> Sentence:
        """Write the text into a file, in place of one that is there, and say so; a script can then be run.

        Raises LabError where the file cannot be written.
        """
        file = Path(path)
        try:
            file.write_text(self.text if self.text.endswith("\n") else f"{self.text}\n", encoding="utf-8", newline="\n")
            if self.text.startswith("#!"):
                file.chmod(file.stat().st_mode | 0o111)
        except (OSError, UnicodeError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else "it holds what is no text"
            raise LabError(f"{file} cannot be written ({reason}). Name a file in a folder that is there.") from None
        return Sentence(f"Saved as {file}: {self.kind}, {len(self.text.splitlines())} lines, no secret in it.")

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        if self.kind == "mermaid":
            # JupyterLab draws it; where nothing does, its text stands.
            return {"text/plain": self.text, "text/vnd.mermaid": self.text}
        return {"text/plain": self.text, "text/html": f"<pre>{escape(self.text)}</pre>"}

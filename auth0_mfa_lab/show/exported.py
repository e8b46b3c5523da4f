"""An export as the value of a cell: it shows its text, and can be saved as a file."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.told import Told

_EXECUTABLE = "#!"


@dataclass(frozen=True, slots=True)
class Exported:
    """The text of an export of this kind; it holds no secret. `str()` of it is the text too."""

    text: str
    kind: str

    def save(self, path: Path | str) -> Told:
        """Write the text into a file, in place of one that is there, and say so; a script can then be run.

        Raises LabError where the file cannot be written.
        """
        file = Path(path)
        try:
            file.write_text(self.text if self.text.endswith("\n") else f"{self.text}\n", encoding="utf-8", newline="\n")
            if self.text.startswith(_EXECUTABLE):
                file.chmod(file.stat().st_mode | 0o111)
        except (OSError, UnicodeError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else "it holds what is no text"
            raise LabError(f"{file} cannot be written ({reason}). Name a file in a folder that is there.") from None
        return Told(f"Saved as {file}: {self.kind}, {len(self.text.splitlines())} lines, no secret in it.")

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        bundle = {"text/plain": self.text, "text/html": f"<pre>{escape(self.text)}</pre>"}
        if self.kind == "mermaid":
            # JupyterLab draws it; where nothing does, its text stands.
            return {"text/plain": self.text, "text/vnd.mermaid": self.text}
        return bundle

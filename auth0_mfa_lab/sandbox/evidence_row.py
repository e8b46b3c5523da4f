"""One row of the table that says how well an answer of the sandbox is known."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """One answer: when it comes, what it says, and the mark of each part ("" where there is nothing to mark)."""

    endpoint: str
    case: str
    status: int
    error: str = ""
    text: str = ""
    status_mark: str = ""
    error_mark: str = ""
    text_mark: str = ""

"""The pictures of the README: each is there, small, says in words what it shows, and is taken by a script."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from PIL import Image

from tests.browser.screenshots import PICTURES, TAKEN

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
WIDEST, MOST_BYTES, SHORTEST_ALT = 1100, 120_000, 20


class Pictures(HTMLParser):
    """The pictures that a page of markdown names, by its own signs and as HTML, each with its words."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.named: dict[str, str | None] = {
            path: alt for alt, path in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", markdown)
        }
        self.feed(markdown)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a picture in one theme (`source`), whose words stand at the other's, or in both (`img`)."""
        given = dict(attrs)
        if tag == "img":
            self.named[given.get("src") or ""] = given.get("alt") or ""
        elif tag == "source":
            self.named.setdefault(given.get("srcset") or "", None)


def faults(markdown: str, root: Path = ROOT) -> list[str]:
    """Return what is wrong with the pictures that a page names."""
    found = []
    for path, alt in Pictures(markdown).named.items():
        if alt is not None and len(alt) < SHORTEST_ALT:
            found.append(f"{path} has no words")
        if not (file := root / path).is_file():
            found.append(f"{path} is not there")
            continue
        with Image.open(file) as picture:
            if picture.width > WIDEST or file.stat().st_size > MOST_BYTES:
                found.append(f"{path} is too large")
    return found


def test_each_picture_of_the_readme_is_there_and_small_and_has_words() -> None:
    assert Pictures(README).named
    assert faults(README) == []


def test_the_pictures_are_those_that_the_script_takes() -> None:
    taken = {f"{name}{ending}.png" for name in TAKEN for ending in ("", "_dark")}
    assert {path.name for path in PICTURES.iterdir()} == taken


def test_a_picture_that_is_missing_wordless_or_too_large_would_be_seen(tmp_path: Path) -> None:
    Image.new("1", (WIDEST + 1, 10)).save(tmp_path / "wide.png")
    words = "The panel of the poll, pending"
    assert faults(f"![{words}](wide.png)", tmp_path) == ["wide.png is too large"]
    assert faults(f"![{words}](gone.png)", tmp_path) == ["gone.png is not there"]
    assert "wide.png has no words" in faults("![](wide.png)", tmp_path)
    in_both = (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="dark.png"><img src="wide.png" alt="{words}">'
    )
    assert faults(in_both, tmp_path) == ["dark.png is not there", "wide.png is too large"]
    assert "wide.png has no words" in faults('<img src="wide.png">', tmp_path)

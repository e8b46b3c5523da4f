"""Where the values of `AUTH0_` variables come from: the environment and `.env`; the only reader of the environment.

A variable of the environment wins over the same one in `.env`. The file is looked for from the notebook's folder up
to the project's root, and no further; it is read, never copied into the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

ROOT_MARKERS = ("pyproject.toml", "environment.yml", ".git")

# A password may begin or end with a blank.
_KEPT = ("AUTH0_PASSWORD", "AUTH0_CLIENT_SECRET", "AUTH0_MGMT_CLIENT_SECRET")


def is_ci(environ: Mapping[str, str] | None = None) -> bool:
    """Tell whether this runs in CI, where nobody can be asked: `CI` is set, and says neither 0 nor false."""
    return (os.environ if environ is None else environ).get("CI", "").strip().lower() not in ("", "0", "false")


def values_of(start: Path | None, environ: Mapping[str, str] | None) -> dict[str, str]:
    """Return what is set: by the environment, or else by the nearest `.env` from `start` (the working directory)."""
    values = _dotenv(start or Path.cwd())
    values |= {k: v for k, v in (os.environ if environ is None else environ).items() if k.startswith("AUTH0_")}
    return cleaned(values)


def cleaned(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values that are not blank, without the blanks around all but a password or a secret."""
    return {name: value if name in _KEPT else value.strip() for name, value in values.items() if value.strip()}


def project_folder(start: Path) -> Path:
    """Return the root of the project that a folder is in; the folder itself where it is in none."""
    return _up_to_root(start.resolve())[-1]


def _dotenv(start: Path) -> dict[str, str]:
    """Read the nearest `.env` from `start` up to the project's root; {} when there is none."""
    start = start.resolve()
    for folder in _up_to_root(start):
        file = folder / ".env"
        if file.is_file():
            return read_file(file)
    return {}


def read_file(file: Path) -> dict[str, str]:
    """Return what a dotenv file sets."""
    # No interpolation: a password may hold a dollar sign.
    return {k: v for k, v in dotenv_values(file, interpolate=False).items() if v is not None}


def _up_to_root(start: Path) -> list[Path]:
    """List the folders from `start` to the project's root; `start` alone where no project encloses it."""
    folders = [start, *start.parents]
    for depth, folder in enumerate(folders):
        if any((folder / marker).exists() for marker in ROOT_MARKERS):
            return folders[: depth + 1]
    return [start]

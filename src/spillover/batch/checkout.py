"""Which commit the package ran from, where it runs from a checkout of its own repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from spillover.batch.fingerprint import PACKAGE

_SECONDS = 10
_SOURCES = ("src", "configs")
"""Folders of the checkout that decide what runs; results or notes beside them do not count."""


def checkout_state(package: Path = PACKAGE) -> dict[str, Any] | None:
    """Commit, and whether source or configs differ from it; None outside a checkout.

    An installed package that happens to lie inside another repository has no commit of its own.
    """
    top = package.parents[1]
    found = _git(top, "rev-parse", "--show-toplevel", "HEAD")
    folder, _, commit = (found or "").strip().partition("\n")
    if not commit or Path(folder).resolve() != top.resolve() or package.parent.name != "src":
        return None
    present = [name for name in _SOURCES if (top / name).is_dir()]
    changed = _git(top, "status", "--porcelain", "--", *present)
    return {"commit": commit, "dirty": None if changed is None else bool(changed.strip())}


def _git(folder: Path, *words: str) -> str | None:
    """Output of a git command; None if git is missing, fails or hangs."""
    # variables of a surrounding git command, such as a hook, would point to its repository
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", *words],
            cwd=folder,
            env=clean,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout

"""Variants of a policy, written behind its name: started later, or without one state.

``full_package@104`` begins 104 weeks after the start date of policies, and
``full_package@without_UZB`` is the package when Uzbekistan orders none of it. Both may be given:
``full_package@104@without_UZB``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spillover.axes import STATES
from spillover.errors import UserError

VARIANT = "@"
_WITHOUT = "without_"


def option_of(name: str) -> str:
    """The option of the first part of a name, without its variants."""
    return name.split("+")[0].split(VARIANT)[0]


def vary(content: Mapping[str, Any], words: Sequence[str], layer: str) -> dict[str, Any]:
    """The content of a policy file under variants.

    Args:
        content: parsed file with its ``changes``.
        words: what stands behind each ``@``: a number of weeks, or ``without_`` and a state.
        layer: policies alone have variants.

    Raises:
        UserError: another layer, or a word that is neither.
    """
    if not words:
        return dict(content)
    changes = list(content.get("changes") or ())
    for word in words:
        state = word.removeprefix(_WITHOUT)
        if layer == "policy" and word.isdecimal():
            changes = [_later(change, int(word)) for change in changes]
        elif layer == "policy" and word.startswith(_WITHOUT) and state in STATES:
            changes = [without for change in changes for without in _without(change, state)]
        else:
            raise UserError(
                "This variant is not known.",
                where=layer,
                got=f"{VARIANT}{word}",
                allowed=f"for a policy: {VARIANT}WEEKS, or {VARIANT}{_WITHOUT}STATE with "
                f"{', '.join(STATES)}",
                next=f"For example full_package{VARIANT}104 or full_package{VARIANT}{_WITHOUT}UZB.",
            )
    return {**content, "changes": changes}


def _later(change: Mapping[str, Any], weeks: int) -> dict[str, Any]:
    shifted = {**change, "from_week": int(change.get("from_week") or 0) + weeks}
    if change.get("until_week") is not None:
        shifted["until_week"] = int(change["until_week"]) + weeks
    return shifted


def _without(change: Mapping[str, Any], state: str) -> list[dict[str, Any]]:
    members = change.get("members") or STATES
    kept = [member for member in members if member != state]
    return [{**change, "members": kept}] if kept else []

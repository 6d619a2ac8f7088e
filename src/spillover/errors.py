"""The one error that a user's input can cause, and how it reads.

A message says what went wrong, where, what was got, what is allowed and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(ValueError):
    """Input that a person can correct; the command line prints it without a traceback.

    Args:
        what: one sentence, what is wrong.
        where: file, key or option it was found at.
        got: the value as the user gave it.
        allowed: what would have been accepted.
        next: what to do now.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        got: object = None,
        allowed: str = "",
        next: str = "",  # the word users read; shadowing the builtin inside one call is harmless
    ) -> None:
        self.what, self.where, self.got, self.allowed, self.next = what, where, got, allowed, next
        super().__init__(self._text())

    def _text(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where:   {self.where}")
        if self.got is not None:
            lines.append(f"  got:     {self.got}")
        if self.allowed:
            lines.append(f"  allowed: {self.allowed}")
        if self.next:
            lines.append(f"  next:    {self.next}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the parts when the error crosses a process boundary."""
        return (_rebuild, (self.what, self.where, self.got, self.allowed, self.next))


def _rebuild(what: str, where: str, got: object, allowed: str, next_step: str) -> UserError:
    return UserError(what, where=where, got=got, allowed=allowed, next=next_step)


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known names resemble ``name``, or list a few when none does."""
    known = sorted(known)
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(close) + "?"
    shown = ", ".join(known[:12])
    return f"known: {shown}" + (", ..." if len(known) > 12 else "")

"""What to do when the reader of a pipe has gone. Standard library only: help needs it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO


def mute(stream: IO[str]) -> None:
    """Send what is still written to a stream nowhere; else it fails again when Python ends."""
    with suppress(OSError, ValueError):  # a stream without a file has nothing to redirect
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)

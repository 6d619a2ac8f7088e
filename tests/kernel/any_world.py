"""What a property must hold for: worlds drawn by seed, draw of the priors, levers and busyness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from spillover.axes import LEVERS


def over_any_world(test: Callable[..., Any]) -> Callable[..., Any]:
    """Run a test, which takes `drawn_world`, for eight worlds that are the same every time."""
    worlds = given(
        seed=st.integers(0, 2**40),
        index=st.integers(1, 10**6),
        levels=st.lists(st.integers(0, 3), min_size=len(LEVERS), max_size=len(LEVERS)),
        is_busy=st.booleans(),
    )
    return settings(max_examples=8, deadline=None, derandomize=True)(worlds(test))

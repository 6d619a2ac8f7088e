"""The outcomes of the model: name, unit, kind, where it is defined and how it is read.

One file per channel lists its outcomes. `read` takes the week's state, the infos by process name
and the world and returns an array: [r] for Afghanistan, [r, c] for the five states, [r, a] for
provinces or [r, q] for regions. A flow is summed over the weeks of a period, a stock is averaged.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spillover.outcomes import (
    arms,
    displacement,
    fragility,
    information,
    narcotics,
    powers,
    security,
    trade,
    trafficking,
    water,
)
from spillover.outcomes.entry import Outcome

__all__ = ["COMPARED", "OUTCOMES", "PLACE_OUTCOMES", "Outcome"]

CHANNELS = (
    security, narcotics, trafficking, powers, information, water, fragility, displacement, arms,
    trade,
)  # fmt: skip


def _collect(*lists: str) -> Mapping[str, Outcome]:
    """Outcomes of all channels by name, list after list."""
    entries = [entry for name in lists for file in CHANNELS for entry in getattr(file, name, ())]
    return MappingProxyType({entry.name: entry for entry in entries})


OUTCOMES: Mapping[str, Outcome] = _collect("STATE_OUTCOMES", "AFGHAN_OUTCOMES")
"""Outcomes of states and of Afghanistan by name."""
PLACE_OUTCOMES: Mapping[str, Outcome] = _collect("PROVINCE_OUTCOMES", "REGION_OUTCOMES")
"""Outcomes of provinces and regions by name."""
COMPARED: tuple[str, ...] = tuple(
    name
    for name, outcome in OUTCOMES.items()
    if any(source.startswith("calibration:") for source in outcome.sources)
)
"""Outcomes of states and of Afghanistan with a data series behind them, for comparison with data. A
hindcast keeps them week by week, because the windows of data are rarely calendar years."""

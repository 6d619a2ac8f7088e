"""Outcomes of the water channel: river, canal, store, deficits and lost farm income."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from spillover.outcomes.entry import Outcome
from spillover.rates import weighted_sums
from spillover.state import State
from spillover.world import World
from spillover.world.river import load_river

M3_PER_KM3 = 1e9


def _by_state(values: Any, world: World) -> Any:
    """Mean of regions on the river [r, q], weighted by what they draw, by state [r, c]."""
    return weighted_sums(values, load_river(world).state_weight)


def _farm_loss(state: State, infos: SimpleNamespace, world: World) -> Any:
    """Share of farm income lost in the regions of a state that lie on the river [r, c]."""
    return _by_state(infos.water.farm_loss, world)


STATE_OUTCOMES = [
    Outcome("water_deficit", "Irrigation water missing", "share", "stock", "states",
            "Share of what the regions on the Amu Darya need that does not arrive; 0 for states "
            "that are not on it.", "lower", 0.01, lambda s, i, w: _by_state(s.water_deficit, w),
            ("M-KOSHTEPA-FLOW", "Q-KOSHTEPA-FLOW"), True),
    Outcome("farm_loss", "Farm income lost to missing water", "share", "stock", "states",
            "Relative loss of farm income in the regions on the Amu Darya.", "lower", 0.01,
            _farm_loss, ("M-KOSHTEPA-UZB-TKM-THREAT",)),
]  # fmt: skip

AFGHAN_OUTCOMES = [
    Outcome("canal_withdrawal", "Water the canal takes", "km3", "flow", "AFG",
            "Withdrawal at the head of the Qosh Tepa canal.", None, 0.01,
            lambda s, i, w: i.water.canal_withdrawal_m3 / M3_PER_KM3, ("C-KOSH-TEPA",)),
    Outcome("canal_irrigation", "Water that reaches fields on the canal", "km3", "flow", "AFG",
            "Withdrawal less what seeps and evaporates.", "higher", 0.01,
            lambda s, i, w: i.water.canal_irrigation_m3 / M3_PER_KM3, ("M-KOSHTEPA-IRRIGATION",)),
    Outcome("river_flow", "Flow of the Amu Darya", "km3", "flow", "AFG",
            "Water formed in the mountains, before anybody draws from it.", None, 0.1,
            lambda s, i, w: i.water.inflow_m3 / M3_PER_KM3,
            ("M-KOSHTEPA-FLOW",)),
    Outcome("river_outflow", "Water that nobody takes", "km3", "flow", "AFG",
            "What passes the last user towards the delta.", "higher", 0.1,
            lambda s, i, w: i.water.outflow_m3 / M3_PER_KM3, ("M-KOSHTEPA-FLOW",)),
    Outcome("river_storage", "Water stored along the river", "km3", "stock", "AFG",
            "One store for all reservoirs below the canal.", "higher", 0.1,
            lambda s, i, w: s.reservoir_m3 / M3_PER_KM3, ("M-KOSHTEPA-FLOW",)),
]  # fmt: skip

REGION_OUTCOMES = [
    Outcome("water_deficit", "Irrigation water missing", "share", "stock", "regions",
            "Share of what the region needs from the Amu Darya that does not arrive; 0 off the "
            "river.", "lower", 0.01, lambda s, i, w: s.water_deficit, ("M-KOSHTEPA-FLOW",)),
    Outcome("farm_loss", "Farm income lost to missing water", "share", "stock", "regions",
            "Relative loss of farm income through missing water.", "lower", 0.01,
            lambda s, i, w: i.water.farm_loss, ("M-KOSHTEPA-UZB-TKM-THREAT",)),
]  # fmt: skip

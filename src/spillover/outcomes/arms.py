"""Outcomes of arms: depots in Afghanistan, pieces that reach the five states."""

from __future__ import annotations

from spillover.outcomes.entry import Outcome

STATE_OUTCOMES = [
    Outcome("arms_through", "Arms from Afghanistan", "pieces", "flow", "states",
            "Pieces from Afghanistan that are sold in the state.", "lower", 1.0,
            lambda s, i, w: i.arms.through, ("M-ARMS-SMUGGLING", "U-GAP-ARMS-DATA"),
            True),
    Outcome("arms_stopped", "Arms stopped at the border", "pieces", "flow", "states",
            "Pieces meant for the region and seized on the Afghan border; those on the way to "
            "Russia are not among them.", None, 1.0,
            lambda s, i, w: i.arms.stopped, ("calibration:customs_weapons_seized",)),
    Outcome("arms_circulating", "Illegal arms in the state", "pieces", "stock", "states",
            "Pieces from Afghanistan and from the state's own stocks.", "lower", 10.0,
            lambda s, i, w: s.arms_circulating, ("U-GAP-ARMS-DATA",)),
    Outcome("arms_lethality", "Deadliness through arms", "1", "stock", "states",
            "Multiplier of the share of attacks that kill, 1 = August 2021.", "lower", 0.01,
            lambda s, i, w: i.arms.lethality, ("M-ARMS-DEPOTS",)),
]  # fmt: skip

AFGHAN_OUTCOMES = [
    Outcome("arms_depots", "Arms in depots", "pieces", "stock", "AFG",
            "Pieces held by the authorities and their commanders.", None, 1000.0,
            lambda s, i, w: s.arms_depots.sum(axis=1), ("calibration:weapons_captured",)),
    Outcome("arms_leaked", "Arms leaked", "pieces", "flow", "AFG",
            "Pieces that left the depots for the market.", "lower", 100.0,
            lambda s, i, w: i.arms.leaked.sum(axis=1), ("M-WEAK-SECURITY-ARMS",)),
    Outcome("arms_north", "Arms that go north", "pieces", "flow", "AFG",
            "Pieces carried to the five states or offered for the way to Russia.", "lower", 10.0,
            lambda s, i, w: i.arms.offered + i.arms.tried.sum(axis=1), ("M-ARMS-SMUGGLING",)),
]  # fmt: skip

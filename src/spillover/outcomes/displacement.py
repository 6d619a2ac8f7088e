"""Outcomes of displacement: refuge in the five states, flight and returns in Afghanistan."""

from __future__ import annotations

from spillover.outcomes.entry import Outcome

STATE_OUTCOMES = [
    Outcome("refugees", "Afghan refugees", "persons", "stock", "states",
            "Afghans given refuge or waiting for it.", None, 10.0,
            lambda s, i, w: s.refugees,
            ("calibration:afghan_refugees", "calibration:afghan_asylum_seekers"), True),
    Outcome("arrivals", "Arrivals of people in flight", "persons", "flow", "states",
            "People in flight from Afghanistan who entered the state.", None, 1.0,
            lambda s, i, w: i.displacement.arrivals, ("calibration:afghan_new_arrivals_flow",)),
    Outcome("refused", "People in flight refused", "persons", "flow", "states",
            "People who came and were turned away; nobody counts them.", "lower", 10.0,
            lambda s, i, w: i.displacement.refused, ("ST-CA5-NO-REFUGEES", "M-REFUSAL-INFLOW")),
    Outcome("stranded", "People in flight stranded at the border", "persons", "flow", "states",
            "Of them, people who stay displaced in the Afghan provinces next to it.", "lower",
            10.0, lambda s, i, w: i.displacement.stranded, ("M-HUMANITARIAN-BORDER-RISK",)),
    Outcome("refugees_returned", "Refugees sent back", "persons", "flow", "states",
            "Refugees deported to Afghanistan.", "lower", 1.0,
            lambda s, i, w: i.displacement.deported, ("S-CORDON-REFUGEE",)),
    Outcome("refugees_moved_on", "Refugees who moved on", "persons", "flow", "states",
            "Refugees who left for other countries or lost the status.", None, 1.0,
            lambda s, i, w: i.displacement.moved_on, ("calibration:afghan_refugees",)),
    Outcome("openness", "Openness to people in flight", "share", "stock", "states",
            "Share of those who try to enter whom the state lets in.", None, 0.01,
            lambda s, i, w: s.openness, ("U-REFUGEE-POLICY-AFTER-2021",)),
]  # fmt: skip

AFGHAN_OUTCOMES = [
    Outcome("displaced", "Displaced people in Afghanistan", "persons", "stock", "AFG",
            "People who left their home and live elsewhere in the country.", "lower", 1000.0,
            lambda s, i, w: s.displaced.sum(axis=1), ("calibration:idps_conflict",), True),
    Outcome("returnees", "Returnees not settled", "persons", "stock", "AFG",
            "People who came back from a host and have no home yet.", "lower", 1000.0,
            lambda s, i, w: s.returnees.sum(axis=1), ("A-RETURNEES", "M-PAK-RETURN-BURDEN")),
    Outcome("returns", "Returns from Pakistan and Iran", "persons", "flow", "AFG",
            "People who came back, forced or not.", None, 100.0,
            lambda s, i, w: i.displacement.returns.sum(axis=1), ("calibration:returns_total",)),
    Outcome("departures", "Departures to Pakistan and Iran", "persons", "flow", "AFG",
            "People who left for them; closes the account of those who live there.", None, 100.0,
            lambda s, i, w: i.displacement.departures.sum(axis=1),
            ("calibration:afghan_new_arrivals_flow",)),
    Outcome("afghans_abroad", "Afghans in Pakistan and Iran", "persons", "stock", "AFG",
            "People of all categories who live there.", None, 1000.0,
            lambda s, i, w: s.afghans_abroad.sum(axis=1), ("calibration:afghan_refugees",)),
    Outcome("newly_displaced", "New flight inside Afghanistan", "persons", "flow", "AFG",
            "People who left their home for another place in the country.", "lower", 100.0,
            lambda s, i, w: i.displacement.fled.sum(axis=1), ("M-REPRISAL-FLIGHT",)),
]  # fmt: skip

PROVINCE_OUTCOMES = [
    Outcome("displaced", "Displaced people", "persons", "stock", "provinces",
            "Displaced people who live in the province.", "lower", 100.0,
            lambda s, i, w: s.displaced),
    Outcome("returnees", "Returnees not settled", "persons", "stock", "provinces",
            "Returnees in the province who have no home yet.", "lower", 100.0,
            lambda s, i, w: s.returnees),
]  # fmt: skip

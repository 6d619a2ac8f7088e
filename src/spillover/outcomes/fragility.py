"""Outcomes of domestic fragility: unrest, clashes, tension, mobilisation."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from spillover.axes import STATES
from spillover.outcomes.entry import Outcome
from spillover.state import State
from spillover.world import World

PAIR = np.array([s in ("KGZ", "TJK") for s in STATES])


def _clashes(state: State, infos: SimpleNamespace, world: World) -> Any:
    """Clashes of the pair, counted in both states [r, c]."""
    return infos.fragility.clashes[:, None] * PAIR


STATE_OUTCOMES = [
    Outcome("unrest_weeks", "Weeks under a domestic shock", "weeks", "flow", "states",
            "Weeks in which unrest, a clash or another domestic shock draws the state inward.",
            "lower", 1.0, lambda s, i, w: s.shock > 0,
            ("M-DOMESTIC-VULNERABILITY-AMPLIFIES", "E-2022-01-KAZ-UNREST"), True),
    Outcome("unrest_started", "Unrest that broke out", "events", "flow", "states",
            "Cases of unrest of the model, without the dated ones.", "lower", 1.0,
            lambda s, i, w: i.fragility.started, ("A-CA5-FRAGILITY",)),
    Outcome("clashes", "Kyrgyz-Tajik clashes", "clashes", "flow", "states",
            "Large clashes of the model, without the dated ones; counted in both states.",
            "lower", 1.0, _clashes, ("M-WATER-KGZ-TJK", "M-CSTO-CLASH-COHESION")),
    Outcome("tension", "Social tension", "index", "stock", "states",
            "Multiplier of the hazard of unrest, 1 = 2021.", "lower", 0.01,
            lambda s, i, w: s.tension, ("A-CA5-FRAGILITY", "M-HUT-TENSION")),
    Outcome("mobilisation", "Unarmed radical movements", "index", "stock", "states",
            "Reach of Hizb ut-Tahrir, Tablighi Jamaat and alike, 0 none, 1 a mass movement.",
            "lower", 0.01, lambda s, i, w: s.mobilisation, ("A-HUT-TJ",)),
]  # fmt: skip

"""The closed axes of the model and their members, in the order used by every array.

A parameter or a driver that has an axis holds one number per member in this order.
Afghan zones follow the eight regions in which the United Nations report on the country.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from types import MappingProxyType

STATES = ("KAZ", "KGZ", "TJK", "TKM", "UZB")
COUNTRIES = ("AFG", *STATES)
FACTIONS = ("kandahar", "kabul")
GROUPS = ("AQ", "IMU", "JA", "ETIM", "TTP", "BLA", "NRF")
ZONES = (
    "north_east",
    "north",
    "east",
    "central",
    "central_highlands",
    "south_east",
    "south",
    "west",
)
CSTO_OPTIONS = ("assistance", "reinforcement", "alignment", "entry")
BUDGETS = ("border", "intelligence", "prevention", "engagement")
LEVERS = (
    "intelligence_sharing",
    "fusion_centre",
    "joint_exercises",
    "outposts_patrols",
    "surveillance_technology",
    "biometrics",
    "joint_patrols",
    "engagement",
    "conditionality",
    "contingency_planning",
    "prevention",
    "rehabilitation",
    "counter_messaging",
    "online_monitoring",
)
COHORT_KINDS = ("home", "diaspora")
STATE_PAIRS = tuple(combinations(range(len(STATES)), 2))
"""The ten pairs of states in the order of axis [s]."""
RECRUIT_PATHS = ("travel", "home_cell", "external_cell")

AXES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "state": STATES,
        "country": COUNTRIES,
        "faction": FACTIONS,
        "group": GROUPS,
        "zone": ZONES,
        "csto_option": CSTO_OPTIONS,
        "budget": BUDGETS,
        "lever": LEVERS,
        "cohort_kind": COHORT_KINDS,
        "recruit_path": RECRUIT_PATHS,
    }
)

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
GROUPS = ("AQ", "IMU", "JA", "ETIM", "TTP", "BLA", "NRF", "LETJEM")
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
    "recognition",
    "trade_facilitation",
    "corridor_investment",
    "route_diversification",
    "humanitarian_aid",
    "csto_assistance",
    "csto_reinforcement",
    "csto_alignment",
    "csto_entry",
    "csto_development",
    "second_base",
    "sco_coordination",
    "sco_integration",
    "cis_programme",
    "joint_pressure",
    "rivalry_bargaining",
    "south_asia_dialogue",
    "finance_tracking",
    "diaspora_watch",
    "dispute_settlement",
    "resilience",
    "targeted_sanctions",
    "water_treaty",
    "refugee_reception",
    "arms_control",
    "livelihoods",
    "anti_corruption",
)
COHORT_KINDS = ("home", "diaspora")
STATE_PAIRS = tuple(combinations(range(len(STATES)), 2))
"""The ten pairs of states in the order of axis [s]."""
RECRUIT_PATHS = ("travel", "home_cell", "external_cell")
POWERS = (
    "russia",
    "china",
    "pakistan",
    "iran",
    "india",
    "united_states",
    "turkey",
    "azerbaijan",
)
HOSTS = ("pakistan", "iran")
"""Countries that host most Afghans abroad and send them back."""
ROUTES = ("north", "west", "south")
"""Ways of drugs out of Afghanistan: through the five states, through Iran, through Pakistan."""
GOODS = ("opiates", "meth", "hashish", "arms")
"""What networks carry; kilograms (opiates: of heroin equivalent), arms in pieces."""
LANGUAGES = ("tajik", "uzbek", "russian")
"""Languages of propaganda; a language is a channel here, never a property of people."""
CORRIDORS = (
    "KABUL-PESHAWAR",
    "KABUL-KHARLACHI",
    "WEST-TORGHUNDI",
    "LAPIS-AQINA",
    "LAPIS-TORGHUNDI",
    "TAPI",
    "FIVE-NATIONS",
    "CKU",
    "KHAF-HERAT",
    "HERAT-MAZAR",
    "MIDDLE-NORTH",
    "MIDDLE-SOUTH",
    "MIDDLE-TM",
    "CASA-1000",
    "SURKHAN-PULI-KHUMRI",
    "HAIRATAN-MAZAR",
    "AQINA-ANDKHOY",
    "WAKHAN-ROAD",
    "NORTHERN-RAIL",
    "SOUTHERN-RAIL",
    "BELARUS-PAKISTAN",
    "RUS-CASPIAN",
    "LAPIS-SOUTH",
    "TORGHUNDI-NAIBABAD",
    "CHABAHAR",
    "GREAT-INDIA-ROAD",
    "BAKU-MULTIMODAL",
    "FIVE-ALTERNATIVE",
    "DELHI-KABUL-AIR",
)
"""Corridors of trade, transit and power; their routes are in data/corridors.csv and, where only
the documents name them, in data/corridors_documents.csv."""
CARGO_MARKETS = ("north_south", "east_west", "afghan")
"""What corridors compete for: South Asia with the north, China with Europe, trade of Afghanistan
with the world."""

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
        "power": POWERS,
        "host": HOSTS,
        "route": ROUTES,
        "good": GOODS,
        "language": LANGUAGES,
        "corridor": CORRIDORS,
        "cargo_market": CARGO_MARKETS,
    }
)

"""Outcomes of the security channel: attacks, plots, recruits, borders, diplomacy, statecraft."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from spillover.axes import GROUPS
from spillover.outcomes.entry import (
    N_STATES,
    Outcome,
    Read,
    every_state,
    links_by_region,
    regions_by_state,
)
from spillover.state import State, isisk_fighters
from spillover.world import World
from spillover.world.cohorts import by_state, links_by_state

GROUP_NAMES = {
    "AQ": "Al-Qaida",
    "IMU": "the Islamic Movement of Uzbekistan",
    "JA": "Jamaat Ansarullah",
    "ETIM": "ETIM/TIP",
    "TTP": "the Tehrik-e-Taliban Pakistan",
    "BLA": "the Balochistan Liberation Army",
    "NRF": "the resistance (NRF/AFF)",
    "LETJEM": "Lashkar-e-Taiba and Jaish-e-Mohammed",
}
ALLIED = tuple(i for i, group in enumerate(GROUPS) if group != "NRF")


def _detection(state: State, infos: SimpleNamespace, world: World) -> Any:
    """Length-weighted detection on a state's Afghan border [r, c]; no border, no value."""
    weight = world.link_length_km
    total = np.bincount(world.link_state, weights=weight, minlength=N_STATES)
    seen = links_by_state(state.link_detection * weight, world)
    return np.where(total > 0, seen / np.where(total > 0, total, 1.0), np.nan)


def _northern_fighters(state: State, infos: SimpleNamespace, world: World) -> Any:
    """Fighters of ISIS-K and allied groups in the north and north-east [r]."""
    north = world.province_zone < 2  # axes.ZONES starts with north_east, north
    allied = state.fighters[:, ALLIED][:, :, north].sum(axis=(1, 2))
    return infos.cells.fighters_by_province[:, north].sum(axis=1) + allied


def _southern_fighters(state: State, infos: SimpleNamespace, world: World) -> Any:
    """Fighters of ISIS-K and allied groups in all other provinces [r]."""
    allied = state.fighters[:, ALLIED].sum(axis=(1, 2))
    everywhere = infos.cells.fighters_by_province.sum(axis=1) + allied
    return everywhere - _northern_fighters(state, infos, world)


def _path(index: int) -> Read:
    return lambda s, i, w: by_state(i.recruitment.recruits_by_path[:, :, index], w)


def _group(index: int) -> Read:
    return lambda s, i, w: s.fighters[:, index].sum(axis=1)


STATE_OUTCOMES = [
    Outcome("attacks_home", "Attacks inside the state", "attacks", "flow", "states",
            "Plots carried out on the soil of the state.", "lower", 1.0,
            lambda s, i, w: s.week_home_attacks, ("calibration:terror_attacks_inside",), True),
    Outcome("deaths_home", "Deaths in attacks inside the state", "deaths", "flow", "states",
            "People killed by plots carried out on the soil of the state.", "lower", 1.0,
            lambda s, i, w: regions_by_state(i.plots.deaths_by_region, w), ("A-ISK-GOAL",)),
    Outcome("frontier_attacks", "Frontier attacks", "attacks", "flow", "states",
            "Attacks across the Afghan border into the state.", "lower", 1.0,
            lambda s, i, w: links_by_state(s.week_frontier, w),
            ("E-ISK-UZB-2022-04", "calibration:cross_border_rocket_attack"), True),
    Outcome("frontier_deaths", "Deaths in frontier attacks", "deaths", "flow", "states",
            "People killed by attacks across the Afghan border.", "lower", 1.0,
            lambda s, i, w: links_by_state(i.attacks.frontier_deaths, w), ("M-ISK-CB-ATTACK",)),
    Outcome("plots_started", "Plots started against the state", "plots", "flow", "states",
            "Plots that began to be prepared against the state.", "lower", 1.0,
            lambda s, i, w: i.plots.started[:, :N_STATES], ("A-ISK-EXTERNAL-OPS",), True),
    Outcome("plots_disrupted", "Plots disrupted", "plots", "flow", "states",
            "Plots against the state that services found in time.", None, 1.0,
            lambda s, i, w: i.intelligence.disrupted, ("calibration:terrorist_acts_prevented",)),
    Outcome("infiltrations_tried", "Infiltrations tried", "persons", "flow", "states",
            "Militants who tried to cross the Afghan border into the state.", "lower", 1.0,
            lambda s, i, w: links_by_state(i.border.tried, w), ("M-PRESENCE-RISK",)),
    Outcome("infiltrations_through", "Infiltrations that got through", "persons", "flow", "states",
            "Militants who crossed the Afghan border into the state.", "lower", 1.0,
            lambda s, i, w: links_by_state(i.border.through, w), ("M-POROUS-KGZ",), True),
    Outcome("recruits", "Recruits", "persons", "flow", "states",
            "Citizens who joined an armed group, at home or in the diaspora.", "lower", 1.0,
            lambda s, i, w: by_state(i.recruitment.recruits, w), ("A-DISSATISFIED-CA",), True),
    Outcome("recruits_travelling", "Recruits who choose to travel", "persons", "flow",
            "states", "Of them, those who choose Afghanistan; some are stopped on the way.",
            "lower", 1.0, _path(0),
            ("A-DISSATISFIED-CA",)),
    Outcome("recruits_home_cells", "Recruits into cells", "persons", "flow", "states",
            "Of them, those who join a cell where they live.", "lower", 1.0, _path(1),
            ("M-SLEEPER-CELLS",)),
    Outcome("recruits_external", "Recruits for operations abroad", "persons", "flow", "states",
            "Of them, those who become external operatives.", "lower", 1.0, _path(2),
            ("REL-ISK-CROCUS-CELL",)),
    Outcome("exposed", "People exposed to recruitment", "persons", "stock", "states",
            "Citizens drawn to extremist messages who have not joined.", "lower", 10.0,
            lambda s, i, w: by_state(s.exposed, w), ("M-YOUTH-ONLINE",)),
    Outcome("radicalised", "Members of cells", "persons", "stock", "states",
            "Members of home and diaspora cells, with infiltrators.", "lower", 1.0,
            lambda s, i, w: by_state(s.radicalised, w), ("M-SLEEPER-CELLS",)),
    Outcome("arrests", "Arrests", "persons", "flow", "states",
            "People arrested for extremism, rightly or wrongly.", None, 1.0,
            lambda s, i, w: s.week_arrests,
            ("calibration:convicted_terrorism_extremism", "Q-KAZ-DETAINED", "Q-KAZ-REGIONS",
             "Q-TJK-ARRESTED", "E-2024-05-TJK-RAIDS")),
    Outcome("false_arrests", "Arrests of people who are no threat", "persons", "flow", "states",
            "Of them, people who were neither exposed nor members.", "lower", 1.0,
            lambda s, i, w: i.recruitment.false_arrests, ("paper:keohane2003",)),
    Outcome("detained", "People in prison for extremism", "persons", "stock", "states",
            "Convicted members, exposed people and travellers.", None, 10.0,
            lambda s, i, w: by_state(s.detained, w),
            ("calibration:convicted_terrorism_extremism",)),
    Outcome("engagement", "Engagement with Kabul", "index", "stock", "states",
            "0 no contact, 1 relations as with any neighbour.", None, 0.01,
            lambda s, i, w: s.engagement, ("A-UZB-MOST-COOPERATIVE",), True),
    Outcome("trust", "Trust that Kabul keeps promises", "index", "stock", "states",
            "Share of promises that the state has seen kept.", "higher", 0.01,
            lambda s, i, w: s.trust_kept / (s.trust_kept + s.trust_broken), ("U-TAL-GUARANTEES",)),
    Outcome("threat", "Threat perceived", "index", "stock", "states",
            "What the government makes of attacks, plots and war next door.", "lower", 0.01,
            lambda s, i, w: s.threat, ("M-AFG-CRISIS-PERCEPTION",), True),
    Outcome("border_capacity_effective", "Detection on the Afghan border", "probability", "stock",
            "states", "Chance that one attempt to cross is stopped, weighted by length.",
            "higher", 0.01, _detection, ("M-SURVEILLANCE-DETECT",)),
    Outcome("service_capacity", "Capacity of services", "index", "stock", "states",
            "Police and intelligence capacity, 1 = 2021.", "higher", 0.01,
            lambda s, i, w: s.service_capacity, ("M-DISTANCE-CAPACITY",)),
    Outcome("repression", "Repression", "index", "stock", "states",
            "0 none, 1 total.", "lower", 0.01, lambda s, i, w: s.repression, ("A-CA5-FRAGILITY",)),
    Outcome("cohesion", "Cohesion of the five", "index", "stock", "states",
            "Mean trust among the five, less for stances far apart; the same value in each state.",
            "higher", 0.01, lambda s, i, w: every_state(i.alliances.cohesion),
            ("U-CA-SOLIDARITY",)),
    Outcome("csto_delivered", "CSTO help delivered", "index", "stock", "states",
            "Options delivered, summed over the four; the same value in each state.", None, 0.01,
            lambda s, i, w: every_state(s.csto_delivered.sum(axis=1)), ("S-MALIGN",)),
    Outcome("policy_cost", "Cost of policy", "relative cost", "flow", "states",
            "Programme cost paid for delivered levers.", "lower", 0.1,
            lambda s, i, w: i.statecraft.cost, ("R-DUAL-APPROACH",)),
    Outcome("lever_weeks_blocked", "Lever-weeks blocked", "weeks", "flow", "states",
            "Weeks in which an ordered lever waited for a partner, trust or money.", "lower", 1.0,
            lambda s, i, w: (i.statecraft.blocked_by_precondition
                             | i.statecraft.blocked_by_budget).sum(axis=2),
            ("ST-TJK-NO-CONTACT-2024",)),
]  # fmt: skip

AFGHAN_OUTCOMES = [
    Outcome("isisk_attacks", "ISIS-K attacks in Afghanistan", "attacks", "flow", "AFG",
            "Attacks of ISIS-K, recorded or not.", "lower", 1.0,
            lambda s, i, w: i.attacks.attacks.sum(axis=1), ("calibration:isisk_attacks_un",), True),
    Outcome("isisk_deaths", "Deaths in ISIS-K attacks", "deaths", "flow", "AFG",
            "People killed by them.", "lower", 1.0, lambda s, i, w: i.attacks.deaths.sum(axis=1),
            ("calibration:ucdp_onesided_nonstate_deaths",)),
    Outcome("isisk_attacks_un", "ISIS-K attacks the UN records", "attacks", "flow", "AFG",
            "What the United Nations would have counted.", None, 1.0,
            lambda s, i, w: i.reporting.attacks_un.sum(axis=1), ("calibration:isisk_attacks_un",)),
    Outcome("isisk_claimed_attacks", "ISIS-K attacks claimed", "attacks", "flow", "AFG",
            "What the group would have claimed.", None, 1.0,
            lambda s, i, w: i.reporting.attacks_claimed.sum(axis=1),
            ("calibration:isisk_claimed_attacks",)),
    Outcome("isisk_deadly_attacks", "Deadly ISIS-K attacks a monitor counts", "attacks", "flow",
            "AFG", "What one monitor of deadly attacks would have counted.", None, 1.0,
            lambda s, i, w: i.reporting.attacks_monitored.sum(axis=1),
            ("calibration:isisk_deadly_attacks",)),
    Outcome("isisk_fighters", "ISIS-K fighters", "fighters", "stock", "AFG",
            "Men under command in Afghanistan.", "lower", 10.0,
            lambda s, i, w: isisk_fighters(s), ("calibration:group_strength",), True),
    Outcome("isisk_strength_reported", "ISIS-K strength as published", "fighters", "stock", "AFG",
            "What a report of the United Nations would have said.", None, 10.0,
            lambda s, i, w: i.reporting.strength_isisk, ("calibration:group_strength",)),
    Outcome("isisk_share_active", "Share of ISIS-K men who attack", "share", "stock", "AFG",
            "Share of fighters in cells that attack at home.", None, 0.01,
            lambda s, i, w: s.activity, ("M-TAL-OPS-ISK-LOCAL",)),
    Outcome("external_attacks", "Attacks outside the five states", "attacks", "flow", "AFG",
            "Plots carried out in Russia and elsewhere.", "lower", 1.0,
            lambda s, i, w: s.week_foreign_attacks, ("A-ISK-EXTERNAL-OPS",)),
    Outcome("plots_abroad", "Plots started against others", "plots", "flow", "AFG",
            "Plots that began to be prepared against Russia and elsewhere.", "lower", 1.0,
            lambda s, i, w: i.plots.started[:, N_STATES:].sum(axis=1), ("A-ISK-EXTERNAL-OPS",)),
    Outcome("external_deaths", "Deaths in attacks outside the five states", "deaths", "flow",
            "AFG", "People killed by them.", "lower", 1.0,
            lambda s, i, w: i.plots.deaths_abroad, ("E-CROCUS-2024-03",)),
    Outcome("allied_fighters", "Fighters of tolerated groups", "fighters", "stock", "AFG",
            "Al-Qaida, IMU, Jamaat Ansarullah, ETIM/TIP, TTP, BLA and LeT/JeM.", "lower", 10.0,
            lambda s, i, w: s.fighters[:, ALLIED].sum(axis=(1, 2)),
            ("REL-TAL-TIES-LIST", "calibration:group_strength")),
    Outcome("northern_fighters", "Militants in the north", "fighters", "stock", "AFG",
            "ISIS-K and tolerated groups in the north and north-east.", "lower", 10.0,
            _northern_fighters, ("Q-NORTH-MILITANTS",), True),
    Outcome("southern_fighters", "Militants outside the north", "fighters", "stock", "AFG",
            "ISIS-K and tolerated groups in all other zones.", "lower", 10.0,
            _southern_fighters, ("M-ETIM-RELOCATION",)),
    Outcome("attacks_on_pakistan", "Attacks on Pakistan", "attacks", "flow", "AFG",
            "Attacks of TTP and BLA.", "lower", 1.0,
            lambda s, i, w: i.groups.attacks_on_pakistan, ("E-TTP-ATTACKS",)),
    Outcome("attacks_on_india", "Attacks on India", "attacks", "flow", "AFG",
            "Attacks of LeT and JeM by men in Afghanistan.", "lower", 1.0,
            lambda s, i, w: i.groups.attacks_on_india, ("A-LET-JEM", "R-JAM-PAK-IND")),
    Outcome("recruits_schools", "Recruits from religious schools", "fighters", "flow", "AFG",
            "Students without a place who join ISIS-K or a group that looks north.", "lower", 1.0,
            lambda s, i, w: i.groups.schooled.sum(axis=(1, 2)) + i.cells.schooled,
            ("M-MADRASSA-POOL",)),
    Outcome("control", "Control by the authorities", "share", "stock", "AFG",
            "Mean share of provinces under control.", "higher", 0.01,
            lambda s, i, w: s.control.mean(axis=1), ("A-TAL-UNEVEN-CONTROL",)),
    Outcome("legitimacy", "Legitimacy of the authorities", "share", "stock", "AFG",
            "Mean share of people who accept them.", "higher", 0.01,
            lambda s, i, w: s.legitimacy.mean(axis=1), ("A-TAL-STABILISING",)),
    Outcome("loyalty", "Loyalty of commanders", "index", "stock", "AFG",
            "Mean over provinces.", "higher", 0.01, lambda s, i, w: s.loyalty.mean(axis=1),
            ("A-TAL-FRAGMENTED",)),
    Outcome("taliban_revenue", "Revenue of the authorities", "USD million", "flow", "AFG",
            "Customs, taxes, opium levy and mines.", None, 1.0,
            lambda s, i, w: i.rule.revenue_usd / 1e6, ("calibration:taliban_revenue_total_usd",)),
    Outcome("security_pay", "Security pay over the cost of the forces", "1", "stock", "AFG",
            "1 = paid in full.", "higher", 0.01, lambda s, i, w: i.rule.pay,
            ("Q-SECURITY-BUDGET",)),
    Outcome("counter_terror_knowledge", "Knowledge of the authorities about ISIS-K", "index",
            "stock", "AFG", "0 nothing, 1 everything.", "higher", 0.01,
            lambda s, i, w: s.counter_terror_knowledge, ("M-TAL-OPS-ISK-LOCAL",)),
    Outcome("promise_kept", "Chance that a promise to a neighbour is kept", "probability", "stock",
            "AFG", "Will and capacity of the factions, mean over provinces.", "higher", 0.01,
            lambda s, i, w: s.promise_kept.mean(axis=1), ("M-TAL-FACTION-SPLIT",)),
    *(
        Outcome(f"fighters_{group.lower()}", f"Fighters of {GROUP_NAMES[group]}", "fighters",
                "stock", "AFG", f"Men of {GROUP_NAMES[group]} in Afghanistan.", None, 10.0,
                _group(g), ("calibration:group_strength",))
        for g, group in enumerate(GROUPS)
    ),
]  # fmt: skip

PROVINCE_OUTCOMES = [
    Outcome("isisk_attacks", "ISIS-K attacks", "attacks", "flow", "provinces",
            "Attacks of ISIS-K in the province.", "lower", 1.0,
            lambda s, i, w: i.attacks.attacks, headline=True),
    Outcome("isisk_attacks_un", "ISIS-K attacks the UN records", "attacks", "flow", "provinces",
            "What the United Nations would have counted in the province.", None, 1.0,
            lambda s, i, w: i.reporting.attacks_un, ("calibration:isisk_attacks_un",)),
    Outcome("isisk_deaths", "Deaths in ISIS-K attacks", "deaths", "flow", "provinces",
            "People killed by them.", "lower", 1.0, lambda s, i, w: i.attacks.deaths),
    Outcome("isisk_fighters", "ISIS-K fighters", "fighters", "stock", "provinces",
            "Men in cells in the province.", "lower", 1.0,
            lambda s, i, w: i.cells.fighters_by_province),
    Outcome("allied_fighters", "Fighters of tolerated groups", "fighters", "stock", "provinces",
            "All groups but the resistance.", "lower", 1.0,
            lambda s, i, w: s.fighters[:, ALLIED].sum(axis=1)),
    Outcome("control", "Control by the authorities", "share", "stock", "provinces",
            "Share of the province under control.", "higher", 0.01, lambda s, i, w: s.control),
    Outcome("legitimacy", "Legitimacy of the authorities", "share", "stock", "provinces",
            "Share of people who accept them.", "higher", 0.01, lambda s, i, w: s.legitimacy),
]  # fmt: skip

REGION_OUTCOMES = [
    Outcome("recruits", "Recruits", "persons", "flow", "regions",
            "Residents who joined an armed group; rests on national values spread by one rule.",
            "lower", 1.0, lambda s, i, w: i.recruitment.recruits[:, : w.n_regions], headline=True),
    Outcome("radicalised", "Members of cells", "persons", "stock", "regions",
            "Members of cells and infiltrators in the region.", "lower", 1.0,
            lambda s, i, w: s.radicalised[:, : w.n_regions]),
    Outcome("attacks_home", "Attacks", "attacks", "flow", "regions",
            "Plots carried out in the region.", "lower", 1.0,
            lambda s, i, w: i.plots.attacks_by_region),
    Outcome("frontier_attacks", "Frontier attacks", "attacks", "flow", "regions",
            "Attacks across the Afghan border into the region.", "lower", 1.0,
            lambda s, i, w: links_by_region(s.week_frontier, w)),
    Outcome("infiltrations_through", "Infiltrations that got through", "persons", "flow",
            "regions", "Militants who crossed the Afghan border into the region.", "lower", 1.0,
            lambda s, i, w: links_by_region(i.border.through, w)),
]  # fmt: skip

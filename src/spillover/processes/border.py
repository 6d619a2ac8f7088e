"""The northern border: patrols, sensors, biometrics, joint patrols, and those who cross.

Idea: detection on a link grows with patrols and sensors and falls with difficult terrain and
corruption; states move patrols to where they saw trouble, and those who cross learn where they
are seen (paper:wein2009, paper:magliocca2019), so pressure displaces. Biometrics act only at
official crossings (M-BIOMETRICS-FTF), sensors more on plains than in mountains
(M-SURVEILLANCE-DETECT), joint patrols need a partner across the river (M-TJK-AFG-COORDINATION).

Equations (docs/odd.md, "border"):
    B1  patrols = density x posture x (border share / start)^a x (1 + outposts + CSTO) x
        (1 + CIS) x share of the link
    B2  hazard = (eta patrols + eta_s sensors (1 - difficulty)) / (offset + difficulty) (1 - kappa)
        + joint patrols; detection = 1 - exp(-hazard)
    B3  infiltration ~ Poisson(rate x men in the province), more of ISIS-K where control is weak,
        fewer of allied groups where promises are kept; split over links by
        exp(-avoidance x perceived detection); a share uses official crossings
    B4  perceived detection += (1 - (1 - learning)^tries)(detection - perceived)
    B5  every 4 weeks patrol shares move toward softmax(response x trouble), with inertia
    B6  recruits travel south by air or over a link; those stopped go to the
        prison of their cohort
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import GROUPS, STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import (
    Counts,
    Floats,
    State,
    by_province,
    cis_share,
    csto_weight,
    opportunity,
    spending,
)
from spillover.streams import Streams, purpose
from spillover.world.cohorts import cohort_state, detection_by_state

NAME = "border"
READS = (
    "patrol_share", "trouble_memory", "perceived_detection", "budget_share", "delivered",
    "csto_delivered", "fighters", "cell_place", "cell_fighters", "unassigned", "radicalised",
    "detained", "travellers", "week_frontier", "control", "promise_kept", "threat",
    "week_arrivals", "moscow_lean", "corruption",
)  # fmt: skip
WRITES = (
    "patrol_share", "trouble_memory", "perceived_detection", "link_detection", "link_patrols",
    "fighters", "unassigned", "radicalised", "detained", "travellers",
)  # fmt: skip

TRIES = purpose("border/tries")
OFFICIAL = purpose("border/official")
STOPS = purpose("border/stops")
JOURNEYS = purpose("border/journeys")
INFILTRATING_GROUPS = tuple(GROUPS.index(g) for g in ("IMU", "JA", "ETIM"))
REALLOCATION_WEEKS = 4  # commanders review their posts monthly
N_STATES = len(STATES)


@dataclass(frozen=True, slots=True)
class Info:
    """Infiltration, patrols and detection by link [r, l]; journeys south by cohort [r, m].

    Tries of allies are also by group [r, g', l], in the order of INFILTRATING_GROUPS.

    Infiltrators who are stopped leave the model, killed or held.
    """

    tried: Counts
    stopped: Counts
    through: Counts
    isisk_tried: Counts
    allied_tried: Counts
    journeys: Counts
    journeys_stopped: Counts
    patrols: Floats
    detection: Floats
    official_detection: Floats


def patrols(state: State, view: Any) -> Floats:
    """B1: patrol density of each link [r, l], 1 = an average link in August 2021."""
    border, world = view.border, view.world
    owner = world.link_state
    funding = spending(state, view, "border")
    help_ = border.patrols_from_assistance * state.csto("assistance")
    help_ = help_ + border.patrols_from_reinforcement * state.csto("reinforcement")
    programme = border.patrols_from_csto_programme * view.drivers.csto_programme
    member = border.csto_member
    gain = 1.0 + border.patrols_per_outpost * state.lever("outposts_patrols")
    gain = gain + csto_weight(state, view) * help_[:, None] + member * programme
    cis = cis_share(view.drivers.cis_programme, state.lever("cis_programme"), view)
    cis = 1.0 + border.patrols_from_cis * cis
    national = border.patrol_density * border.posture * funding**border.funding_exponent
    density = (national * gain * cis)[:, owner]
    n_links = np.bincount(owner, minlength=N_STATES)[owner]
    return density * state.patrol_share * n_links


def detection_hazard(
    patrol: Floats, sensors: Floats, joint: Floats, corruption: Floats, view: Any
) -> Floats:
    """B2: hazard that one attempt on a link is stopped [r, l]; corruption is by state [r, c]."""
    border, world = view.border, view.world
    hard = world.link_difficulty
    honest = 1.0 - corruption[..., world.link_state]
    seen = border.detection_per_patrol * patrol
    seen = seen + border.detection_per_sensor * sensors * (1.0 - hard)
    return (
        seen / (border.terrain_offset + hard) * honest + border.detection_per_joint_patrol * joint
    )


def official_detection(state: State, view: Any) -> Floats:
    """Probability that papers are seen to be false at a crossing or airport [r, c]."""
    border = view.border
    level = np.minimum(state.lever("biometrics") * border.biometrics_per_level, 1.0)
    return border.paper_detection + (border.biometric_detection - border.paper_detection) * level


def split_over_links(men: Counts, perceived: Floats, view: Any) -> Floats:
    """B3: men of a province shared over its links by what they believe [r, l]."""
    world = view.world
    appeal = np.exp(-view.border.avoidance * perceived)
    same = world.link_province[:, None] == world.link_province[None, :]
    total = (appeal[:, None, :] * same).sum(axis=2)
    return men[:, world.link_province] * appeal / total


def learn(perceived: Floats, detection: Floats, tries: Counts, learning: float) -> Floats:
    """B4: each try moves belief a step toward the truth."""
    weight = 1.0 - (1.0 - learning) ** tries
    return perceived + weight * (detection - perceived)


def reallocate(share: Floats, memory: Floats, owner: Counts, border: Any) -> Floats:
    """B5: new patrol shares [r, l]; each state's shares sum to 1."""
    out = np.empty_like(share)
    for c in range(N_STATES):
        mine = owner == c
        if mine.any():
            wish = rates.softmax(border.reallocation_response * np.log1p(memory[:, mine]))
            out[:, mine] = border.inertia * share[:, mine] + (1.0 - border.inertia) * wish
    return out


def _tries(state: State, week: int, view: Any, streams: Streams) -> tuple[Counts, Counts]:
    """B3: ISIS-K tries [r, l] and allied tries [r, g', l], never more than there are men."""
    border, world = view.border, view.world
    n_l = world.n_links
    u = streams.uniform(TRIES, week, n_l * (1 + len(INFILTRATING_GROUPS)))
    u = u.reshape(len(u), -1, n_l)
    men = by_province(state.cell_fighters, state.cell_place, world.n_provinces)
    cover = 1.0 + border.cover_from_traffic * border.crossings_open
    crowd = 1.0 + border.cover_from_arrivals / 1000.0 * state.week_arrivals
    open_ = border.infiltration * (cover * crowd)[:, world.link_state]
    seen = view.structure.coupling.border_displacement * state.perceived_detection
    mean = open_ / WEEKS_PER_YEAR * split_over_links(men, seen, view)
    start = view.rule.control_start[world.province_zone]
    weak = opportunity(state.control, start, view.attacks.opportunity_floor)
    isisk = rates.poisson(u[:, 0], mean * weak[:, world.link_province])
    over = np.cumsum(isisk, axis=1) - state.unassigned[:, None]
    isisk = np.maximum(isisk - np.maximum(over, 0), 0)  # only men without a cell set out
    allied = []
    links_here = np.bincount(world.link_province, minlength=world.n_provinces)
    guarantee = view.drivers.guarantee[world.link_state]
    for i, g in enumerate(INFILTRATING_GROUPS):
        stock = state.fighters[:, g]
        mean = open_ / WEEKS_PER_YEAR * split_over_links(stock, seen, view)
        mean = mean * (1.0 - state.promise_kept[:, world.link_province] * guarantee)
        limit = stock[:, world.link_province] // links_here[world.link_province]
        allied.append(np.minimum(rates.poisson(u[:, i + 1], mean), limit))
    return isisk, np.stack(allied, axis=1)


def _stop(
    state: State, week: int, view: Any, streams: Streams, tried: Counts, papers: Floats
) -> Counts:
    """B2, B3: tries stopped [r, l] at official crossings and on the green border."""
    border, world = view.border, view.world
    owner = world.link_state
    u = streams.uniform(OFFICIAL, week, world.n_links)
    share = border.official_share * border.crossings_open[owner]
    official = rates.binomial(u, tried, share)
    u = streams.uniform(STOPS, week, 2 * world.n_links)
    at_post = rates.binomial(u[:, : world.n_links], official, papers[:, owner])
    outside = rates.binomial(u[:, world.n_links :], tried - official, state.link_detection)
    return at_post + outside


def _journeys(
    state: State, week: int, view: Any, streams: Streams, papers: Floats
) -> tuple[Counts, Counts]:
    """B6: recruits who set out to Afghanistan and those stopped [r, m].

    States without an Afghan border count the mean of all links for the way over land.
    """
    border = view.border
    cohort = cohort_state(view.world)
    n_m = len(cohort)
    u = streams.uniform(JOURNEYS, week, 2 * n_m)
    going = rates.binomial(
        u[:, :n_m], state.travellers, rates.probability(1.0 / border.travel_delay)
    )
    by_land = detection_by_state(state.link_detection, view.world)
    caught = border.air_share * papers + (1.0 - border.air_share) * by_land
    return going, rates.binomial(u[:, n_m:], going, caught[:, cohort])


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance the border by one week: guard, cross, learn, move patrols."""
    border, world = view.border, view.world
    owner = world.link_state
    if week % REALLOCATION_WEEKS == 0:
        share = reallocate(state.patrol_share, state.trouble_memory, owner, border)
        state = state.replace(patrol_share=share)
    density = patrols(state, view)
    hazard = detection_hazard(
        density,
        state.lever("surveillance_technology")[:, owner],
        state.lever("joint_patrols")[:, owner],
        state.corruption,
        view,
    )
    detection, papers = rates.probability(hazard), official_detection(state, view)
    state = state.replace(link_detection=detection, link_patrols=density)

    isisk, allied = _tries(state, week, view, streams)
    tried = isisk + allied.sum(axis=1)
    stopped = _stop(state, week, view, streams, tried, papers)
    through = tried - stopped
    going, caught = _journeys(state, week, view, streams, papers)

    fighters, radicalised = state.fighters.copy(), state.radicalised.copy()
    for link, (province, region) in enumerate(
        zip(world.link_province, world.link_region, strict=True)
    ):
        fighters[:, INFILTRATING_GROUPS, province] -= allied[:, :, link]
        radicalised[:, region] += through[:, link]
    info = Info(
        tried=tried, stopped=stopped, through=through, isisk_tried=isisk,
        allied_tried=allied, journeys=going, journeys_stopped=caught,
        patrols=density, detection=detection, official_detection=papers,
    )  # fmt: skip
    changed = state.replace(
        trouble_memory=border.memory * state.trouble_memory + stopped + state.week_frontier,
        perceived_detection=learn(
            state.perceived_detection, detection, tried + state.week_frontier, border.learning
        ),
        fighters=fighters,
        unassigned=state.unassigned - isisk.sum(axis=1) + (going - caught).sum(axis=1),
        radicalised=radicalised,
        detained=state.detained + caught,
        travellers=state.travellers - going,
    )
    return changed, info

"""Intelligence: finding plots, alone and together, with services whose capacity is finite.

Idea: a plot touches few states; each sees it with a hazard that grows with free capacity
(paper:kaplan2010); linked services see more than the sum when both hold a piece
(M-INTEL-SHARING-ALERTS); false leads keep files open and eat capacity, and more sharing brings
more false leads. A fusion centre links its members by a strength that mutual trust caps
(R-FUSION-CENTRE, M-DISTRUST-OPENING).

Equations (docs/odd.md, "intelligence"):
    I1  capacity = (money for intelligence relative to 2021)^a (1 + exercises)(1 + CIS programme)
        (1 + CSTO aid + second base)(1 - domestic shock)
    I2  free capacity = capacity / (1 + open files / desks)
    I3  link s_ij = min(trust_ij, base + sharing min(level_i, level_j) + fusion sigma + SCO)
    I4  hazard h_i = touch_i (h0 + h1 free_i), piece_i the same with neighbours, who hold a piece
        that says nothing alone; h = (sum h_i + phi sum_ij s_ij sqrt(piece_i piece_j)) (1 - leak)
        + hazard of the host (the authorities' knowledge in Afghanistan, other services abroad)
    I5  a found plot is disrupted; each member is arrested with a probability
    I6  files += false leads + found plots - closed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import (
    BASE_ABROAD,
    BASE_AFGHANISTAN,
    BASE_DIASPORA,
    BASE_HOME,
    EMPTY,
    PAIR_FIRST,
    PAIR_SECOND,
    Codes,
    Counts,
    Flags,
    Floats,
    State,
    cis_share,
    csto_weight,
    lesser,
    spending,
    tally,
)
from spillover.streams import Streams, purpose

NAME = "intelligence"
READS = (
    "plot_stage", "plot_target", "plot_base", "plot_cohort", "plot_people",
    "busy", "budget_share", "delivered", "pair_trust", "counter_terror_knowledge",
    "radicalised", "operatives", "detained", "unassigned", "csto_delivered", "threat",
    "closed_share", "moscow_lean", "shock", "corruption",
)  # fmt: skip
WRITES = (
    "plot_stage", "plot_people", "busy", "service_capacity", "radicalised", "operatives",
    "detained", "unassigned", "week_disrupted",
)  # fmt: skip

HIGHEST_LEVEL = 3.0  # of a lever; what scenario and policy ask of the SCO does not add beyond it
KGZ = STATES.index("KGZ")
DETECTION = purpose("intelligence/detection")
ARRESTS = purpose("intelligence/arrests")
LEADS = purpose("intelligence/leads")


@dataclass(frozen=True, slots=True)
class Info:
    """Plots found by state [r, c] and outside [r]; people [r]; files [r, c]; mean link [r].

    `fighters_captured` leave the model: they are held where the plot was to happen.
    """

    disrupted: Counts
    disrupted_elsewhere: Counts
    citizens_arrested: Counts  # [r, m]
    citizens_escaped: Counts  # [r, m] back to their cell
    operatives_escaped: Counts  # [r, c] back to the operatives
    fighters_captured: Counts  # [r]
    fighters_escaped: Counts  # [r] back to ISIS-K
    false_leads: Counts
    files_closed: Counts
    mean_link: Floats


def capacity(state: State, view: Any) -> Floats:
    """I1: capacity of police and intelligence [r, c], 1 = 2021."""
    intel = view.intelligence
    funding = spending(state, view, "intelligence")
    trained = 1.0 + intel.capacity_from_exercises * state.lever("joint_exercises")
    share = cis_share(view.drivers.cis_programme, state.lever("cis_programme"), view)
    programme = 1.0 + intel.capacity_from_cis * share
    aid = intel.capacity_from_csto * (state.csto("assistance") + state.csto("reinforcement"))
    helped = 1.0 + aid[:, None] * csto_weight(state, view)
    helped[:, KGZ] += intel.capacity_from_base * state.lever("second_base")[:, KGZ]
    shaken = 1.0 - intel.capacity_loss_from_shock * state.shock
    return funding**intel.capacity_exponent * trained * programme * helped * shaken


def link_strength(state: State, view: Any) -> Floats:
    """I3: how much of a partner's knowledge is at hand, by pair of states [r, s]."""
    intel = view.intelligence
    sharing, fusion = state.lever("intelligence_sharing"), state.lever("fusion_centre")
    shared = state.lever("sco_coordination")
    member = intel.sco_member
    both = intel.link_base + intel.link_from_sharing * lesser(sharing)
    both = both + intel.fusion_link * np.minimum(lesser(fusion), 1.0)
    talks = np.minimum(view.diplomacy.sco_coordination + lesser(shared), HIGHEST_LEVEL)
    strength = both + intel.link_from_sco * talks * member[PAIR_FIRST] * member[PAIR_SECOND]
    return np.minimum(strength, state.pair_trust)


def fused_hazard(hazard: Floats, piece: Floats, link: Floats, phi: float) -> Floats:
    """I4: own hazards [..., c] plus what pairs with pieces [..., c] find over links [..., s]."""
    root = np.sqrt(piece)
    joint = link * root[..., PAIR_FIRST] * root[..., PAIR_SECOND]
    return hazard.sum(axis=-1) + phi * joint.sum(axis=-1)


def is_abroad(base: Codes) -> Flags:
    """Whether a plot is prepared under foreign services: by operatives or emigrants [n]."""
    return (base == BASE_ABROAD) | (base == BASE_DIASPORA)


def hazard_abroad(state: State, row: Counts, origin: Counts, view: Any) -> Floats:
    """I4: hazard that other services find a plot prepared abroad [n].

    Higher where the state of origin works with them on its emigrants.
    """
    watch = state.lever("diaspora_watch")[row, np.maximum(origin, 0)] * (origin >= 0)
    return view.intelligence.hazard_abroad * (1.0 + view.intelligence.abroad_from_watch * watch)


def pieces(seen: Floats, target: Codes, origin: Counts, view: Any) -> Floats:
    """Who holds a piece of a plot [n, c]: those who see it, and neighbours of where it happens."""
    happens = np.where(target < len(STATES), target, origin)
    known = happens >= 0
    beside = view.world.state_neighbours[np.maximum(happens, 0)] * known[:, None]
    return np.maximum(seen, view.intelligence.touch_neighbour * beside)


def touch(base: Codes, target: Codes, origin: Counts, view: Any) -> Floats:
    """How much of a plot each state can see [n, c].

    Target state in full at home, in part when the plot is prepared elsewhere; border states see
    some of a plot that comes from Afghanistan; the state of origin sees some of its emigrants.
    """
    intel = view.intelligence
    n = len(base)
    seen = np.zeros((n, len(STATES)))
    here = np.flatnonzero(target < len(STATES))
    seen[here, target[here]] = np.where(base[here] == BASE_HOME, 1.0, intel.touch_target_abroad)
    seen[base == BASE_AFGHANISTAN] += intel.touch_border * intel.borders_afghanistan
    away = np.flatnonzero(is_abroad(base) & (origin >= 0))
    seen[away, origin[away]] = np.maximum(seen[away, origin[away]], intel.touch_origin)
    return np.minimum(seen, 1.0)


def _found(
    state: State, week: int, view: Any, streams: Streams, free: Floats, link: Floats
) -> Flags:
    """I4 for open plots: which are found [r, j]."""
    intel = view.intelligence
    row, slot = np.nonzero(state.plot_stage != EMPTY)
    found = np.zeros(state.plot_stage.shape, dtype=bool)
    base, target = state.plot_base[row, slot], state.plot_target[row, slot]
    origin = _origin(state.plot_cohort[row, slot], view)
    own = intel.hazard_base + intel.hazard_capacity * free[row]
    closed = 1.0 - intel.closed_channel_loss * state.closed_share[row]
    seen = touch(base, target, origin, view)
    own = own * closed
    piece = pieces(seen, target, origin, view) * own
    host = np.where(
        base == BASE_AFGHANISTAN,
        intel.hazard_afghanistan * state.counter_terror_knowledge[row],
        np.where(is_abroad(base), hazard_abroad(state, row, origin, view), 0.0),
    )
    leak = intel.leak * link[row].mean(axis=1) * state.corruption[row].mean(axis=1)
    fused = fused_hazard(seen * own, piece, link[row], intel.fusion_gain)
    total = fused * (1.0 - leak) + host
    u = streams.at(DETECTION, week, row, slot)
    found[row, slot] = u < rates.probability(total)
    return found


def _origin(cohort: Counts, view: Any) -> Counts:
    """State of a plot's people; -1 for ISIS-K men from Afghanistan."""
    owner = np.concatenate([view.world.region_state, np.arange(len(STATES)), [-1]])
    return owner[cohort]


def _send_home(state: State, found: Flags, arrested: Counts, view: Any) -> dict[str, Counts]:
    """I5: members of found plots go to prison or back to where they came from."""
    row, slot = np.nonzero(found)
    people, taken = state.plot_people[row, slot], arrested[row, slot]
    base, cohort = state.plot_base[row, slot], state.plot_cohort[row, slot]
    free = people - taken
    detained, radicalised = state.detained.copy(), state.radicalised.copy()
    operatives, unassigned = state.operatives.copy(), state.unassigned.copy()
    known = cohort >= 0
    np.add.at(detained, (row[known], cohort[known]), taken[known])
    home = (base == BASE_HOME) | (base == BASE_DIASPORA)
    np.add.at(radicalised, (row[home], cohort[home]), free[home])
    abroad = base == BASE_ABROAD
    np.add.at(operatives, (row[abroad], _origin(cohort[abroad], view)), free[abroad])
    afghan = base == BASE_AFGHANISTAN
    np.add.at(unassigned, row[afghan], free[afghan])
    return {
        "detained": detained,
        "radicalised": radicalised,
        "operatives": operatives,
        "unassigned": unassigned,
    }


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance the services by one week: files, capacity, links, plots found."""
    intel = view.intelligence
    power = capacity(state, view)
    free = power / (1.0 + state.busy / intel.desks)
    link = link_strength(state, view)
    found = _found(state, week, view, streams, free, link)

    row, slot = np.nonzero(found)
    u = streams.at(ARRESTS, week, row, slot)
    arrested = np.zeros_like(state.plot_people)
    arrested[row, slot] = rates.binomial(u, state.plot_people[row, slot], intel.arrest_share)
    escaped = np.where(found, state.plot_people, 0) - arrested
    stocks = _send_home(state, found, arrested, view)
    n_states = len(STATES)
    aims = tally(row, state.plot_target[row, slot], None, len(found), n_states + 2)
    by_target, elsewhere = aims[:, :n_states], aims[:, n_states:].sum(axis=1)

    noise = 1.0 + intel.false_leads_from_links * link.mean(axis=1, keepdims=True)
    u = streams.uniform(LEADS, week, 2 * n_states)
    leads = rates.poisson(u[:, :n_states], intel.false_leads / WEEKS_PER_YEAR * noise)
    closed = rates.binomial(u[:, n_states:], state.busy, rates.probability(1.0 / intel.file_weeks))
    afghan = found & (state.plot_base == BASE_AFGHANISTAN)
    info = Info(
        disrupted=by_target,
        disrupted_elsewhere=elsewhere,
        citizens_arrested=stocks["detained"] - state.detained,
        citizens_escaped=stocks["radicalised"] - state.radicalised,
        operatives_escaped=stocks["operatives"] - state.operatives,
        fighters_captured=(arrested * afghan).sum(axis=1),
        fighters_escaped=(escaped * afghan).sum(axis=1),
        false_leads=leads,
        files_closed=closed,
        mean_link=link.mean(axis=1),
    )
    changed = state.replace(
        plot_stage=np.where(found, EMPTY, state.plot_stage).astype(np.int8),
        plot_people=np.where(found, 0, state.plot_people),
        busy=state.busy + leads + by_target - closed,
        service_capacity=power,
        week_disrupted=by_target,
        **stocks,
    )
    return changed, info

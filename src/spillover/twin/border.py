"""The northern border, link by link; docs/odd.md, "border" (B1 to B6)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spillover.twin.agents import DETAINED, MEMBER, TRAVELLER, Link, Person, State
from spillover.twin.arithmetic import Y, p, softmax
from spillover.twin.signs import cis_share, csto_weight, guard, money, weak

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel

NAME = "border"
REVIEW_WEEKS = 4
INFILTRATORS = ("IMU", "JA", "ETIM")


def start(model: TwinModel) -> None:
    """Patrols spread evenly, nothing remembered, detection as it is and as believed."""
    for link in model.links:
        link.patrol_share = 1.0 / len(link.state.links)
        link.patrols = float(model.view.border.patrol_density[link.state.index])
        bribes = float(model.view.interdiction.corruption_start[link.state.index])
        link.detection = link.perceived_detection = p(_hazard(model, link, bribes, 0.0, 0.0))


def step(model: TwinModel) -> None:
    """One week."""
    if model.week % REVIEW_WEEKS == 0:
        for state in model.states:
            _reallocate(model, state)
    for link in model.links:
        sensors = link.state.delivered["surveillance_technology"]
        joint = link.state.delivered["joint_patrols"]
        link.patrols = _patrols(model, link)
        link.detection = p(_hazard(model, link, link.state.corruption, sensors, joint))
    tries, stopped = _cross(model)
    _travel(model)
    model.flows |= {
        "tried": list(tries.values()),
        "stopped": list(stopped.values()),
        "through": [tries[link] - stopped[link] for link in model.links],
        "patrols": [link.patrols for link in model.links],
        "detection": [link.detection for link in model.links],
        "official_detection": [_papers(model, state) for state in model.states],
    }
    par = model.view.border
    for link in model.links:
        seen = 1.0 - (1.0 - par.learning) ** (tries[link] + link.week_frontier)
        link.perceived_detection += seen * (link.detection - link.perceived_detection)
        trouble = stopped[link] + link.week_frontier
        link.trouble_memory = par.memory * link.trouble_memory + trouble


def _reallocate(model: TwinModel, state: State) -> None:
    """B5."""
    par, links = model.view.border, state.links
    if not links:
        return
    scores = [par.reallocation_response * math.log1p(link.trouble_memory) for link in links]
    for link, wish in zip(links, softmax(scores), strict=True):
        link.patrol_share = par.inertia * link.patrol_share + (1.0 - par.inertia) * wish


def _patrols(model: TwinModel, link: Link) -> float:
    """B1."""
    view, state = model.view, link.state
    par, drivers, csto, c = view.border, view.drivers, model.csto.delivered, state.index
    help_ = par.patrols_from_assistance * csto["assistance"]
    help_ += par.patrols_from_reinforcement * csto["reinforcement"]
    programme = par.patrols_from_csto_programme * drivers.csto_programme
    gain = 1.0 + par.patrols_per_outpost * state.delivered["outposts_patrols"]
    gain += csto_weight(model, state) * help_ + float(par.csto_member[c]) * programme
    return float(
        float(par.patrol_density[c])
        * float(par.posture[c])
        * money(model, state, "border") ** par.funding_exponent
        * gain
        * (1.0 + par.patrols_from_cis * cis_share(model, state))
        * link.patrol_share
        * len(state.links)
    )


def _hazard(model: TwinModel, link: Link, corruption: float, sensors: float, joint: float) -> float:
    """B2."""
    par = model.view.border
    seen = par.detection_per_patrol * link.patrols
    seen += par.detection_per_sensor * sensors * (1.0 - link.difficulty)
    hazard = seen / (par.terrain_offset + link.difficulty) * (1.0 - corruption)
    return float(hazard + par.detection_per_joint_patrol * joint)


def _papers(model: TwinModel, state: State) -> float:
    par = model.view.border
    better = par.biometric_detection - par.paper_detection
    level = min(par.biometrics_per_level * state.delivered["biometrics"], 1.0)
    return float(par.paper_detection + better * level)


def _tries(model: TwinModel, link: Link) -> tuple[float, float]:
    """B3: what one man in the province tries a week on this link, and its share of the province."""
    par = model.view.border
    is_open = float(par.crossings_open[link.state.index])
    crowd = 1.0 + par.cover_from_arrivals / 1000 * link.state.week_arrivals
    hazard = par.infiltration * (1.0 + par.cover_from_traffic * is_open) * crowd / Y
    avoid = par.avoidance * model.view.structure.coupling.border_displacement
    weights = [math.exp(-avoid * other.perceived_detection) for other in link.province.links]
    share = math.exp(-avoid * link.perceived_detection) / sum(weights)
    return float(hazard), share


def _cross(model: TwinModel) -> tuple[dict[Link, int], dict[Link, int]]:
    """B3: who tries, and who is stopped."""
    view, n_l = model.view, len(model.links)
    draws = model.stream("border/tries", (1 + len(INFILTRATORS)) * n_l)
    tries = dict.fromkeys(model.links, 0)
    for link in model.links:
        cells = [cell for cell in model.isisk.living() if cell.province is link.province]
        men = sum(cell.fighters for cell in cells)
        hazard, share = _tries(model, link)
        wish = draws.poisson(link.index, hazard * men * share * weak(model, link.province))
        tries[link] = min(wish, model.isisk.unassigned)
        model.isisk.unassigned -= tries[link]
    allied = {link: [0] * len(INFILTRATORS) for link in model.links}
    for row, name in enumerate(INFILTRATORS):
        group = model.group(name)
        for link in model.links:
            men = group.fighters[link.province.index]
            guarantee = float(view.drivers.guarantee[link.state.index])
            hazard, share = _tries(model, link)
            free = 1.0 - link.province.promise_kept * guarantee
            wish = draws.poisson((1 + row) * n_l + link.index, hazard * men * share * free)
            allied[link][row] = min(wish, men // len(link.province.links))
    model.flows["isisk_tried"] = list(tries.values())
    model.flows["allied_tried"] = [
        [men[row] for men in allied.values()] for row in range(len(INFILTRATORS))
    ]
    for link, men_by_group in allied.items():
        for name, men in zip(INFILTRATORS, men_by_group, strict=True):
            model.group(name).fighters[link.province.index] -= men
        tries[link] += sum(men_by_group)
    return tries, {link: _stop(model, link, tries[link]) for link in model.links}


def _stop(model: TwinModel, link: Link, tries: int) -> int:
    """B3: some take the official crossings; those who get through become members."""
    par, n_l = model.view.border, len(model.links)
    is_open = float(par.crossings_open[link.state.index])
    stops = model.stream("border/stops", 2 * n_l)
    ways = model.stream("border/official", n_l)
    official = ways.binomial(link.index, tries, par.official_share * is_open)
    stopped = stops.binomial(link.index, official, _papers(model, link.state))
    stopped += stops.binomial(n_l + link.index, tries - official, link.detection)
    for _ in range(tries - stopped):
        model.newcomer(model.cohorts[link.region.index], MEMBER)
    return stopped


def _travel(model: TwinModel) -> None:
    """B6: recruits travel south; those who are not caught are men of ISIS-K."""
    par, n_m = model.view.border, len(model.cohorts)
    draws = model.stream("border/journeys", 2 * n_m)
    model.open_accounts(("journeys", "journeys_stopped"), n_m)
    for cohort in model.cohorts:
        crowd: list[Person] = cohort.people[TRAVELLER]
        going = draws.leavers(cohort.index, crowd, p(1.0 / par.travel_delay))
        model.flows["journeys"][cohort.index] = len(going)
        state = cohort.state
        watched = par.air_share * _papers(model, state) + (1.0 - par.air_share) * guard(
            model, state
        )
        for person in draws.leavers(n_m + cohort.index, going, watched):
            cohort.admit(person, DETAINED)
            model.flows["journeys_stopped"][cohort.index] += 1
        model.isisk.unassigned += len(going)
        for person in going:
            person.remove()


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    return {
        "patrol_share": [link.patrol_share for link in model.links],
        "trouble_memory": [link.trouble_memory for link in model.links],
        "perceived_detection": [link.perceived_detection for link in model.links],
        "link_detection": [link.detection for link in model.links],
        "link_patrols": [link.patrols for link in model.links],
    }

"""Attacks of ISIS-K and across the border, one by one; docs/odd.md, "attacks" (A1 to A5)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spillover.twin.agents import LOCAL, NORTH, Link, Province, State
from spillover.twin.arithmetic import Y, clip
from spillover.twin.signs import due_slots, lethality, local_share_unknown, weak

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel

NAME = "attacks"
IN_PROVINCE, ON_LINK = 24, 6
"""Attacks of a place and week whose deaths are drawn."""
AIMS = {"IMU": ("UZB", "TJK"), "JA": ("TJK",)}
"""At which states a group fires."""


def start(model: TwinModel) -> None:
    """The memory of attacks at its stationary mean."""
    settled = 1.0 - model.view.attacks.branching_ratio
    for province in model.provinces:
        province.excitation = _per_fighter(model) * _local_men(model, province) / settled


def _per_fighter(model: TwinModel) -> float:
    """mu of A1."""
    view = model.view
    active = view.initial.isisk_fighters * local_share_unknown(model)
    weekly = view.attacks.recorded_at_takeover / view.reporting.share_un
    return float(weekly * (1.0 - view.attacks.branching_ratio) / active)


def _local_men(model: TwinModel, province: Province) -> int:
    cells = model.isisk.living()
    return sum(c.fighters for c in cells if c.province is province and c.mode == LOCAL)


def step(model: TwinModel) -> None:
    """One week."""
    par, n_a = model.view.attacks, len(model.provinces)
    per_fighter = _per_fighter(model)
    counts = model.stream("attacks/counts", n_a)
    expected = {}
    for province in model.provinces:
        base = per_fighter * _local_men(model, province) * weak(model, province)
        expected[province] = base + par.branching_ratio * province.excitation
    deadly = _deadly_share(model)
    severities = model.stream("attacks/severity", n_a * IN_PROVINCE)
    keep = math.exp(-math.log(2.0) / par.half_life)
    model.open_accounts(("attacks", "deadly", "deaths"), n_a)
    model.flows["severities_refused"] = 0
    for province in model.provinces:
        attacks = counts.negative_binomial(province.index, expected[province], par.dispersion_shape)
        province.week_attacks, province.week_deadly = attacks, 0
        for i in range(min(attacks, IN_PROVINCE)):
            slot = i * n_a + province.index
            deaths = severities.deaths(slot, deadly, _severity(model))
            province.week_deadly += deaths > 0
            model.flows["deaths"][province.index] += deaths
        model.flows["attacks"][province.index] = attacks
        model.flows["deadly"][province.index] = province.week_deadly
        model.flows["severities_refused"] += max(attacks - IN_PROVINCE, 0)
        province.excitation = keep * province.excitation + (1.0 - keep) * attacks
    _frontier(model)


def _severity(model: TwinModel) -> tuple[float, float, float]:
    par = model.view.attacks
    return par.severity_exponent, par.severity_shift, par.severity_cutoff


def _deadly_share(model: TwinModel) -> float:
    """d of A4."""
    par = model.view.attacks
    ratio = max(model.isisk.activity, 0.01) / local_share_unknown(model)
    return float(min(1.0, par.deadly_share * ratio**-par.deadly_selection))


def _frontier(model: TwinModel) -> None:
    """A5."""
    par, n_l = model.view.attacks, len(model.links)
    tries = _cell_tries(model)
    allied = _allied_tries(model)
    stops = model.stream("attacks/frontier_stop", 2 * n_l)
    severities = model.stream("attacks/frontier_severity", n_l * ON_LINK)
    for state in model.states:
        state.week_broken_promises = 0
    names = ("frontier_tried", "frontier_stopped", "frontier_done", "frontier_deaths")
    model.open_accounts(names, n_l)
    for link in model.links:
        stopped = stops.binomial(link.index, tries[link], link.detection)
        fired = allied[link] - stops.binomial(n_l + link.index, allied[link], link.detection)
        link.week_frontier = tries[link] - stopped + fired
        counts = (tries[link] + allied[link], stopped + allied[link] - fired, link.week_frontier)
        for name, count in zip(names, counts, strict=False):
            model.flows[name][link.index] = count
        model.flows["severities_refused"] += max(link.week_frontier - ON_LINK, 0)
        link.state.week_broken_promises += fired
        deadly = clip(par.frontier_deadly_share * lethality(model, link.state), 1e-12, 1.0)
        for i in range(min(link.week_frontier, ON_LINK)):
            slot = link.index * ON_LINK + i
            deaths = severities.deaths(slot, deadly, _severity(model))
            model.flows["frontier_deaths"][link.index] += deaths


def _cell_tries(model: TwinModel) -> dict[Link, int]:
    """Cells in mode north whose turn it is try once each, and pay for it."""
    view = model.view
    price = view.attacks.frontier_cost
    tries = dict.fromkeys(model.links, 0)
    model.flows["operations_usd"] = 0
    due = due_slots(model.week, len(model.isisk.cells))
    draws = model.stream("attacks/frontier_link", len(due))
    for turn, slot in enumerate(due):
        cell = model.isisk.cells[slot]
        if cell is None or cell.mode != NORTH or cell.fighters <= 0 or cell.funds_usd < price:
            continue
        links = [link for link in cell.province.links if link.state is cell.target]
        if links:
            avoid = view.border.avoidance * view.structure.coupling.border_displacement
            weights = [math.exp(-avoid * link.perceived_detection) for link in links]
            tries[links[draws.choose(turn, weights)]] += 1
            cell.funds_usd -= int(price)
            model.flows["operations_usd"] += int(price)
    return tries


def _allied_tries(model: TwinModel) -> dict[Link, int]:
    """IMU and JA fire where promises are not kept."""
    view = model.view
    hazard = view.attacks.frontier_hazard_allied / Y
    draws = model.stream("attacks/allied", len(model.links))
    tries = {}
    for link in model.links:
        guarantee = float(view.drivers.guarantee[link.state.index])
        free = 1.0 - link.province.promise_kept * guarantee
        expected = 0.0
        for name, codes in AIMS.items():
            aims: list[State] = [model.state(code) for code in codes]
            if link.state in aims:
                n_links = sum(other.state in aims for other in link.province.links)
                men = model.group(name).fighters[link.province.index] / n_links
                expected += hazard * men * free
        tries[link] = draws.poisson(link.index, expected)
    return tries


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    return {
        "excitation": [province.excitation for province in model.provinces],
        "week_attacks": [province.week_attacks for province in model.provinces],
        "week_deadly": [province.week_deadly for province in model.provinces],
        "week_frontier": [link.week_frontier for link in model.links],
        "week_broken_promises": [state.week_broken_promises for state in model.states],
    }

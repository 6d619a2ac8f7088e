"""Flight, hosts, returns and refuge, by counts of people; docs/odd.md, "displacement"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spillover.axes import ZONES
from spillover.evidence.reading import DATA, read_csv
from spillover.twin.arithmetic import Y, clip, p, rint, split
from spillover.twin.signs import food_need

if TYPE_CHECKING:
    from spillover.twin.agents import Province, State
    from spillover.twin.agents_more import Host
    from spillover.twin.model import TwinModel

NAME = "displacement"
EARTH_RADIUS_KM = 6371.0
TO_ONE_HOST, TO_ONE_STATE = 4, 20
"""One in so many of a province leaves in a week at most."""
BY_STATE = ("tries", "arrivals", "irregular", "refused", "moved_on", "deported")
BY_PROVINCE = (
    "arrivals_by_province", "deported_by_province", "stranded_by_province", "stranded_at_border",
)  # fmt: skip


def start(model: TwinModel) -> None:
    """Counts of August 2021."""
    par = model.view.displacement
    settling = p(par.returnee_settling / Y)
    areas = {row["place_id"]: float(row["area_km2"]) for row in read_csv(DATA / "places.csv", ())}
    for province in model.provinces:
        province.week_returnees = 0
        province.kilometres = [
            _kilometres(model, province, other, areas[province.id]) for other in model.provinces
        ]
    for host, hazard in zip(model.hosts, _dated(model, "return_hazard"), strict=True):
        host.afghans = rint(par.abroad_start[host.index])
        _send_back(model, host, rint(host.afghans * p(hazard)))
    for province in model.provinces:
        people = province.population
        province.returnees = min(rint(province.week_returnees / settling), people // 2)
        province.displaced = rint(par.displaced_start * people)
        province.residents = people - province.displaced - province.returnees
    for state in model.states:
        state.refugees = rint(par.refugees_start[state.index])
        state.openness = float(par.openness_start[state.index])
        state.week_arrivals = 0
    model.outside.afghans_elsewhere = 0


def _dated(model: TwinModel, flow: str) -> list[float]:
    """A dated series of each host."""
    return [float(getattr(model.view.drivers, f"{flow}_{host.name}")) for host in model.hosts]


def _near(model: TwinModel, host: Host) -> list[float]:
    """v_ha: weight of provinces for the traffic with a host."""
    near = 1.0 + model.view.displacement.near_host
    return [
        province.population * (near if province in host.borders else 1.0)
        for province in model.provinces
    ]


def _send_back(model: TwinModel, host: Host, people: int) -> None:
    """Returns of a week to the provinces."""
    for province, part in zip(model.provinces, split(people, _near(model, host)), strict=True):
        province.week_returnees += part


def _catchment(model: TwinModel, state: State) -> list[float]:
    """C_ca: share of each province in the flight toward a state."""
    hops = [province.hops[state.index] for province in model.provinces]
    decay = model.view.displacement.catchment_decay
    weights = [
        province.population * decay ** (distance - min(hops))
        for province, distance in zip(model.provinces, hops, strict=True)
    ]
    return [weight / sum(weights) for weight in weights]


def step(model: TwinModel) -> None:
    """One week; all flows are counted before anybody moves."""
    provinces = model.provinces
    hazards = [_flight(model, province) for province in provinces]
    draws, n_a = model.stream("displacement/flight", 3 * len(provinces)), len(provinces)
    par = model.view.displacement
    fled, settled, home = [], [], []
    for a, (province, hazard) in enumerate(zip(provinces, hazards, strict=True)):
        leaving = draws.around(a, province.residents * p(hazard))
        fled.append(min(leaving, province.residents))
        settling = draws.around(n_a + a, province.displaced * p(par.displaced_settling / Y))
        settled.append(min(settling, province.displaced))
        at_home = draws.around(2 * n_a + a, province.returnees * p(par.returnee_settling / Y))
        home.append(min(at_home, province.returnees))
    waiting = sum(province.returnees for province in provinces)
    sheltered = _shelter(model, fled)
    model.flows |= {"fled": fled, "sheltered": sheltered}
    model.flows |= {"settled": settled, "returnees_settled": home}
    openness = [_openness(model, state) for state in model.states]
    for province, out, found, back, shelter in zip(
        provinces, fled, settled, home, sheltered, strict=True
    ):
        province.residents -= out
        province.displaced += shelter - found
        province.returnees -= back
    left = [province.residents for province in provinces]
    _hosts(model, hazards, left)
    _refuge(model, hazards, left, waiting)
    for province, found, back in zip(provinces, settled, home, strict=True):
        province.residents += found + back
    for state, level in zip(model.states, openness, strict=True):
        state.openness = level


def _flight(model: TwinModel, province: Province) -> float:
    """E1: weekly hazard of leaving home."""
    par, rule = model.view.displacement, model.view.rule
    kabul = float(rule.kabul_faction_share[province.zone])
    yearly = par.flight_base
    yearly += par.flight_from_need * max(food_need(model) - par.need_reference, 0.0)
    yearly += par.flight_from_split * rule.faction_split * 4.0 * kabul * (1.0 - kabul)
    attacks = province.week_attacks + province.week_armed_attacks
    return float(par.flight_factor * (yearly / Y + par.flight_per_attack * attacks))


def _kilometres(model: TwinModel, one: Province, other: Province, area_km2: float) -> float:
    """E2: between capitals as the crow flies; within a province the radius of its area."""
    world = model.world
    if one is other:
        return math.sqrt(area_km2 / math.pi)
    west, south = (math.radians(x[one.index]) for x in (world.longitude, world.latitude))
    east, north = (math.radians(x[other.index]) for x in (world.longitude, world.latitude))
    chord = math.sin((north - south) / 2.0) ** 2
    chord += math.cos(south) * math.cos(north) * math.sin((east - west) / 2.0) ** 2
    return 2.0 * EARTH_RADIUS_KM * math.asin(math.sqrt(chord))


def _shelter(model: TwinModel, fled: Sequence[int]) -> list[int]:
    """E2: where those who fled this week find shelter."""
    par, provinces = model.view.displacement, model.provinces
    coming = dict.fromkeys(provinces, 0.0)
    for origin, people in zip(provinces, fled, strict=True):
        pulls = [
            place.population / (km + par.destination_offset)
            for place, km in zip(provinces, origin.kilometres, strict=True)
        ]
        whole = sum(pulls)
        for place, pull in zip(provinces, pulls, strict=True):
            coming[place] += people * pull / whole
    for place in provinces:
        attacks = place.week_attacks + place.week_armed_attacks
        coming[place] *= math.exp(-par.attack_avoidance * attacks)
    return split(sum(fled), list(coming.values()))


def _hosts(model: TwinModel, hazards: Sequence[float], left: Sequence[int]) -> None:
    """E4: to and from Pakistan and Iran, and families of foreign fighters."""
    view, provinces, n_h = model.view, model.provinces, len(model.hosts)
    draws = model.stream("displacement/host_flows", 2 * n_h + 1)
    for province in provinces:
        province.week_returnees = 0
    departures, hazard = _dated(model, "departures"), _dated(model, "return_hazard")
    gone, gone_to, back_from = [0] * len(provinces), [0] * n_h, [0] * n_h
    for h, host in enumerate(model.hosts):
        weights = [v * max(f, 1e-12) for v, f in zip(_near(model, host), hazards, strict=True)]
        parts = split(draws.around(h, departures[h]), weights)
        sent = draws.around(n_h + h, host.afghans * p(hazard[h] * host.expulsion))
        for province, part, stay in zip(provinces, parts, left, strict=True):
            going = min(part, stay // TO_ONE_HOST)
            province.residents -= going
            host.afghans += going
            gone[province.index] += going
            gone_to[h] += going
        _send_back(model, host, sent)
        back_from[h] = sent
        host.afghans -= sent
    for province in provinces:
        province.returnees += province.week_returnees
    expected = view.displacement.families_per_fighter * view.drivers.syria_arrivals
    north = [ZONES.index("north_east"), ZONES.index("north")]
    weights = [max(float(x.population * (x.zone in north)), 1e-12) for x in provinces]
    families = split(draws.around(2 * n_h, expected), weights)
    for province, part in zip(provinces, families, strict=True):
        province.displaced += part
    model.flows |= {"departures": gone_to, "departures_by_province": gone, "families": families}
    model.flows |= {"returns": back_from}
    model.flows["returns_by_province"] = [province.week_returnees for province in provinces]


def _refuge(model: TwinModel, hazards: Sequence[float], left: Sequence[int], waiting: int) -> None:
    """E5 to E7: who enters the five states, and who leaves them."""
    par, n_c = model.view.displacement, len(model.states)
    draws = model.stream("displacement/refuge", 7 * n_c)
    booked: dict[str, list[Any]] = {name: [0] * n_c for name in (*BY_STATE, "push", "stranded")}
    booked |= {name: [0] * len(model.provinces) for name in BY_PROVINCE}
    demand = [float(par.arrivals_base[c]) / float(par.openness_start[c]) for c in range(n_c)]
    for state in model.states:
        c, shares = state.index, _catchment(model, state)
        flight = sum(share * hazard for share, hazard in zip(shares, hazards, strict=True))
        push = (flight / (par.flight_base / Y)) ** par.push_exponent
        onward = par.onward_hazard * waiting * demand[c] / max(sum(demand), 1e-12)
        held = par.restraint_from_conditions * state.engagement * state.delivered["conditionality"]
        expected = (demand[c] * push + onward) * (1.0 - min(held, 1.0)) / Y
        asking = draws.poisson(c, expected)
        taken = draws.poisson(n_c + c, float(par.takeover_flight[c]))
        invited = min(draws.around(2 * n_c + c, float(par.visa_quota[c]) / Y), asking)
        admitted = draws.binomial(3 * n_c + c, asking - invited, state.openness)
        rest = asking - invited - admitted
        around = draws.binomial(4 * n_c + c, rest, par.irregular_entry)
        arrivals = min(invited + admitted + taken + around, min(left) // TO_ONE_STATE)
        deportation = float(par.deportation[c])
        hazard = par.onward_refugees + deportation
        gone = draws.binomial(5 * n_c + c, state.refugees, p(hazard / Y))
        deported = draws.binomial(6 * n_c + c, gone, deportation / max(hazard, 1e-12))
        state.refugees += arrivals - gone
        state.week_arrivals = arrivals
        model.outside.afghans_elsewhere += gone - deported
        for province, out in zip(model.provinces, split(arrivals, shares), strict=True):
            province.residents -= out
            booked["arrivals_by_province"][province.index] += out
        for province, back in zip(model.provinces, split(deported, shares), strict=True):
            province.returnees += back
            booked["deported_by_province"][province.index] += back
        tries = asking + taken
        counts = (
            tries,
            arrivals,
            min(around, arrivals),
            tries - arrivals,
            gone - deported,
            deported,
        )
        for name, count in zip(BY_STATE, counts, strict=True):
            booked[name][c] = count
        booked["push"][c] = push
        _strand(model, state, shares, min(left) // TO_ONE_STATE, booked)
    model.flows |= booked


def _strand(
    model: TwinModel, state: State, shares: list[float], most: int, booked: dict[str, list[Any]]
) -> None:
    """E6: those refused who stay at the border of the state."""
    gate = [province.hops[state.index] == 1 for province in model.provinces]
    share = model.view.displacement.stranded_share if any(gate) else 0.0
    draws = model.stream("displacement/stranded", len(model.states))
    staying = min(draws.binomial(state.index, booked["refused"][state.index], share), most)
    booked["stranded"][state.index] = staying
    near = [max(part * open_, 1e-12) for part, open_ in zip(shares, gate, strict=True)]
    parts = zip(model.provinces, split(staying, shares), split(staying, near), strict=True)
    for province, out, stay in parts:
        province.residents -= out
        province.displaced += stay
        booked["stranded_by_province"][province.index] += out
        booked["stranded_at_border"][province.index] += stay


def _openness(model: TwinModel, state: State) -> float:
    """E8: how open a state will be next week."""
    view, c = model.view, state.index
    par, craft = view.displacement, view.statecraft
    population = sum(region.population for region in state.regions)
    more = max(state.refugees - float(par.refugees_start[c]), 0.0)
    calm = p(float(craft.sensitivity[c]) * view.initial.alarm)
    mood = par.openness_from_engagement * (
        state.engagement - float(view.diplomacy.engagement_start[c])
    )
    mood -= par.openness_loss_from_load * more / population if population else 0.0
    mood -= par.openness_loss_from_threat * (state.threat - calm)
    places = 1.0 + par.reception_per_level * state.delivered["refugee_reception"]
    places += par.places_per_plan * state.delivered["contingency_planning"]
    usual = float(par.openness_start[c]) * float(par.admission[c])
    aim = clip(usual * places * math.exp(mood), 0.0, 1.0)
    return float(state.openness + par.openness_reversion * (aim - state.openness))


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    provinces, states = model.provinces, model.states
    return {
        "residents": [province.residents for province in provinces],
        "displaced": [province.displaced for province in provinces],
        "returnees": [province.returnees for province in provinces],
        "afghans_abroad": [host.afghans for host in model.hosts],
        "afghans_elsewhere": model.outside.afghans_elsewhere,
        "refugees": [state.refugees for state in states],
        "openness": [state.openness for state in states],
        "week_returnees": [province.week_returnees for province in provinces],
        "week_arrivals": [state.week_arrivals for state in states],
    }

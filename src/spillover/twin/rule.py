"""Rule in Afghanistan, agent by agent; docs/odd.md, "rule" (R1 to R11)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spillover.twin.arithmetic import Y, clip, logit, mean, p, rint, sigma
from spillover.twin.signs import food_need

if TYPE_CHECKING:
    from spillover.twin.agents import Province
    from spillover.twin.model import TwinModel

NAME = "rule"
MILLION_A_YEAR = 1e6 / Y
"""USD million a year in USD a week."""


def start(model: TwinModel) -> None:
    """Levels of August 2021."""
    view, authorities = model.view, model.authorities
    par, drivers = view.rule, view.drivers
    for province in model.provinces:
        province.control = float(par.control_start[province.zone])
        province.legitimacy = float(par.legitimacy_start[province.zone])
        province.loyalty = float(par.loyalty_start[province.zone])
    trade = model.outside.afghan_trade_usd_m
    yearly = par.customs_tariff * trade + par.domestic_revenue + par.mine_revenue
    authorities.treasury_usd = rint(
        view.initial.treasury_weeks * MILLION_A_YEAR * yearly * par.collection_efficiency
    )
    for faction in authorities.factions:
        faction.will = float(view.diplomacy.reciprocity_start[faction.index])
    weight = par.hardship_from_unemployment
    hardship = weight * drivers.unemployment + (1.0 - weight) * drivers.food_need
    for province in model.provinces:
        province.promise_kept = _promise(model, province, pay=1.0)
        province.grievance = hardship * (1.0 - province.legitimacy)


def step(model: TwinModel) -> None:
    """One week."""
    par, authorities = model.view.rule, model.authorities
    incomes = [_income(model, province) for province in model.provinces]
    pay = _pay(model, incomes)
    excesses = _excess_exclusion(model)
    noise = model.stream("rule/loyalty", len(model.provinces))
    split = par.faction_split
    for province, income, excess in zip(model.provinces, incomes, excesses, strict=True):
        pull = sigma(
            logit(float(par.loyalty_start[province.zone]))
            + par.loyalty_from_pay * math.log(max(pay, 0.05))
            - par.loyalty_from_exclusion * excess
            - par.loyalty_loss_from_split * split
        )
        drift = par.loyalty_reversion * (pull - province.loyalty)
        drift += par.loyalty_noise * noise.normal(province.index)
        province.loyalty = clip(province.loyalty + drift, 0.01, 0.99)
        attacks = province.week_attacks + province.week_armed_attacks
        ceiling = float(par.control_ceiling[province.zone])
        gain = par.control_gain * province.loyalty * min(pay, 1.0) * (ceiling - province.control)
        province.control += gain - p(par.control_loss_per_attack * attacks) * province.control
        province.legitimacy = _legitimacy(model, province, income, excess)
    _grieve(model)
    _effort(model, pay)
    for faction in authorities.factions:
        faction.will += par.will_reversion * (faction.reciprocity - faction.will)
    for province in model.provinces:
        kept = _promise(model, province, pay)
        province.promise_kept = kept * (1.0 - par.promise_loss_from_split * split)


def _poppy(model: TwinModel, province: Province) -> float:
    shares = model.view.rule.poppy_zone_share
    return float(shares[province.zone]) / max(shares.tolist())


def _opium_value(model: TwinModel) -> float:
    """V: farm income of the last whole harvest relative to 2021."""
    income = sum(province.farm_income_usd for province in model.provinces)
    return float(income / (1e6 * model.view.rule.opium_reference))


def _aid_change(model: TwinModel) -> float:
    """Grants and help of the five relative to the reference, less 1."""
    par = model.view.rule
    help_ = par.aid_per_level * sum(s.delivered["humanitarian_aid"] for s in model.states)
    grants = model.view.drivers.external_grants + help_
    return float(
        model.view.structure.coupling.aid_and_returnees * (grants / par.aid_reference - 1.0)
    )


def _income(model: TwinModel, province: Province) -> float:
    par, trade = model.view.rule, model.outside.afghan_trade_usd_m
    index = (
        1.0
        + par.income_from_aid * _aid_change(model)
        + par.income_from_trade * (trade / par.trade_reference - 1.0)
        + par.income_from_opium * _poppy(model, province) * (_opium_value(model) - 1.0)
    )
    return max(index, par.income_floor)


def _pay(model: TwinModel, incomes: list[float]) -> float:
    """R1 to R3: money in, money out, and the pay of the forces."""
    par, authorities = model.view.rule, model.authorities
    coupling = model.view.structure.coupling
    control = mean([province.control for province in model.provinces])
    collected = control / par.control_reference * par.collection_efficiency
    dues = par.customs_tariff * model.outside.afghan_trade_usd_m
    dues += par.transit_levy * model.outside.transit_usd_m
    customs = rint(MILLION_A_YEAR * (dues * collected))
    taxes = rint(MILLION_A_YEAR * (par.domestic_revenue * mean(incomes) * collected))
    farms = coupling.narcotics_finance * _opium_value(model)
    levy = rint(MILLION_A_YEAR * (par.opium_levy * par.opium_reference * farms))
    mines = rint(MILLION_A_YEAR * (par.mine_revenue * collected))
    revenue = customs + taxes + levy + mines
    spent = (authorities.treasury_usd + revenue) / (1.0 + par.reserve_weeks)
    promised = par.security_share * spent
    paid = min(promised * par.pay_factor, spent)
    security = rint(paid)
    diverted = rint(max(promised, paid)) - security
    civil = rint(spent) - security - diverted
    authorities.treasury_usd += revenue - security - civil - diverted
    pay: float = security / (MILLION_A_YEAR * par.security_cost)
    model.flows |= {
        "customs_usd": customs, "taxes_usd": taxes, "opium_levy_usd": levy, "mines_usd": mines,
        "security_usd": security, "civil_usd": civil, "diverted_usd": diverted, "income": incomes,
        "pay": pay,
    }  # fmt: skip
    return pay


def _excess_exclusion(model: TwinModel) -> list[float]:
    """R4: exclusion beyond the reference, by province."""
    par = model.view.rule
    press = mean([state.engagement * state.delivered["conditionality"] for state in model.states])
    press *= 1.0 - model.csto.delivered["alignment"]
    included = clip(par.inclusion + par.inclusion_from_conditions * press, 0.0, 1.0)
    outside: list[Any] = model.world.non_pashtun_share.tolist()
    model.flows["exclusion"] = [n * (1.0 - included) for n in outside]
    return [n * (1.0 - included) - n * (1.0 - par.inclusion_reference) for n in outside]


def _returnee_burden(model: TwinModel, province: Province) -> float:
    """b_a: returns to the province, a year, as a share of its people."""
    burden = province.week_returnees * Y / max(province.population, 1)
    return float(model.view.structure.coupling.aid_and_returnees * burden)


def _displaced_change(model: TwinModel, province: Province) -> float:
    """d_a: displaced people as a share of the people of the province, less that of the start."""
    view = model.view
    more = province.displaced / max(province.population, 1) - view.displacement.displaced_start
    return float(view.structure.coupling.aid_and_returnees * more)


def _legitimacy(model: TwinModel, province: Province, income: float, excess: float) -> float:
    """R8, after control has moved."""
    par = model.view.rule
    lost_opium = max(1.0 - _opium_value(model), 0.0)
    entry = model.csto.delivered["entry"] if province.is_at_border else 0.0
    pull = sigma(
        logit(float(par.legitimacy_start[province.zone]))
        + par.legitimacy_from_security
        * (province.control - float(par.control_start[province.zone]))
        + par.legitimacy_from_income * math.log(income)
        + par.legitimacy_from_aid * _aid_change(model)
        + par.legitimacy_from_trade * (mean([s.trade_index for s in model.states]) - 1.0)
        - par.legitimacy_from_exclusion * excess
        - par.legitimacy_loss_from_ban * _poppy(model, province) * lost_opium
        - par.legitimacy_loss_from_returnees * _returnee_burden(model, province)
        - par.legitimacy_loss_from_entry * entry
    )
    return province.legitimacy + par.legitimacy_reversion * (pull - province.legitimacy)


def _grieve(model: TwinModel) -> None:
    """R9."""
    par, drivers = model.view.rule, model.view.drivers
    weight = par.hardship_from_unemployment
    need = food_need(model)
    for province in model.provinces:
        jobless = drivers.unemployment
        jobless += par.unemployment_from_returnees * _returnee_burden(model, province)
        jobless += par.unemployment_from_displaced * _displaced_change(model, province)
        jobless = clip(jobless, 0.0, 1.0)
        hardship = weight * jobless + (1.0 - weight) * need
        province.grievance = hardship * (1.0 - province.legitimacy)


def _effort(model: TwinModel, pay: float) -> None:
    """R6."""
    par = model.view.rule
    loyalty = mean([province.loyalty for province in model.provinces])
    help_ = par.effort_from_alignment * model.csto.delivered["alignment"]
    help_ += par.effort_from_recognition * min(model.view.drivers.recognition, 1.0)
    level = (
        par.counter_terror_effort_factor
        * pay**par.effort_from_pay
        * (loyalty / par.loyalty_reference)
        * (1.0 - par.effort_loss_from_split * par.faction_split)
        * (1.0 + help_)
    )
    model.authorities.effort = clip(level, 0.0, 2.0)


def _promise(model: TwinModel, province: Province, pay: float) -> float:
    """R11 without the loss from a split."""
    kandahar, kabul = model.authorities.factions
    share = float(model.view.rule.kabul_faction_share[province.zone])
    will = kandahar.will * (1.0 - share) + kabul.will * share
    return will * min(pay * province.control, 1.0)


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    provinces, authorities = model.provinces, model.authorities
    return {
        "control": [province.control for province in provinces],
        "legitimacy": [province.legitimacy for province in provinces],
        "loyalty": [province.loyalty for province in provinces],
        "treasury_usd": authorities.treasury_usd,
        "effort": authorities.effort,
        "faction_will": [faction.will for faction in authorities.factions],
        "promise_kept": [province.promise_kept for province in provinces],
        "afghan_grievance": [province.grievance for province in provinces],
    }

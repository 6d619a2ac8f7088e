"""Rule in Afghanistan: revenue, pay, commanders' loyalty, control, legitimacy, factions.

Idea: an isolated and poor authority (M-NONRECOGNITION-CAPACITY, M-TAL-CAPACITY-GAP) pays its men
from customs, taxes, mines and what is left of opium; unpaid or excluded commanders drift away
(paper:geller2008); control grows where loyal men are paid and falls with attacks; legitimacy and
grievance follow security, income, aid and exclusion (paper:epstein2002). Two factions hold
different zones and keep promises to neighbours apart (M-TAL-FACTION-SPLIT): will and capacity are
two things.

Equations (docs/odd.md, "rule"):
    R1  revenue = customs + taxes + opium levy + mines
    R2  spending = (treasury + revenue) / (1 + reserve weeks), split by the security share
    R3  pay = security paid / cost of the forces at full pay
    R4  exclusion x = non-Pashtun share (1 - inclusion)      [the only reader of ethnic shares]
    R5  loyalty reverts to sigma(logit l0 + k_pay ln pay - k_x (x - x0) - k_s split)
    R6  effort = factor pay^a (mean loyalty / reference) (1 - k split) (1 + cooperation)
    R7  control += k_c loyalty min(1, pay) (C_max - C) - (1 - exp(-k_v attacks)) C
    R8  legitimacy += rate (sigma(logit L0 + deviations from references) - L)
    R9  grievance G = H (1 - L), H = w unemployment + (1 - w) food need; returnees and displaced
        people add to unemployment
    R10 will of a faction follows the reciprocity that engagement earns from it
    R11 promise kept in a province = sum over factions of share x will x min(1, pay C),
        less when the factions split
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import Counts, Floats, State, food_need
from spillover.streams import Streams, purpose

NAME = "rule"
READS = (
    "control", "legitimacy", "loyalty", "treasury_usd", "faction_will", "reciprocity",
    "engagement", "delivered", "csto_delivered", "week_attacks", "week_armed_attacks",
    "week_returnees", "displaced", "farm_income_usd", "afghan_trade_usd_m", "trade_index",
    "transit_usd_m",
)  # fmt: skip
WRITES = (
    "control", "legitimacy", "loyalty", "treasury_usd", "effort", "faction_will",
    "promise_kept", "afghan_grievance",
)  # fmt: skip

LOYALTY = purpose("rule/loyalty")
LEAST_PAY = 0.05  # guards the logarithm: unpaid forces live off the land
LOYALTY_RANGE = (0.01, 0.99)  # guards the log odds
MOST_EFFORT = 2.0  # nobody does more than twice what full pay and loyalty of 2021 give
USD_MILLION = 1e6  # US dollars in a million
PER_WEEK = USD_MILLION / WEEKS_PER_YEAR  # USD million a year -> USD a week


@dataclass(frozen=True, slots=True)
class Info:
    """Money of the week [r] in USD by named account; income [r, a], 1 = 2022; exclusion [r, a];
    pay [r], 1 = in full."""

    customs_usd: Counts
    taxes_usd: Counts
    opium_levy_usd: Counts
    mines_usd: Counts
    security_usd: Counts
    civil_usd: Counts
    diverted_usd: Counts
    income: Floats
    exclusion: Floats
    pay: Floats

    @property
    def revenue_usd(self) -> Counts:
        """All inflows of the treasury [r]."""
        return self.customs_usd + self.taxes_usd + self.opium_levy_usd + self.mines_usd

    @property
    def spending_usd(self) -> Counts:
        """All outflows of the treasury [r]."""
        return self.security_usd + self.civil_usd + self.diverted_usd


def grants(state: State, view: Any) -> Floats:
    """Pace of grants [r] in USD million a year: dated ones and help from the five states."""
    help_ = view.rule.aid_per_level * state.lever("humanitarian_aid").sum(axis=1)
    return view.drivers.external_grants + help_


def aid_change(state: State, view: Any) -> Floats:
    """Grants relative to the reference, less 1 [r, 1]; none where the coupling is off."""
    change = grants(state, view) / view.rule.aid_reference - 1.0
    return (view.structure.coupling.aid_and_returnees * change)[:, None]


def opium_value(state: State, view: Any) -> Floats:
    """Farm income of the last opium harvest [r], 1 = that of 2021."""
    income = state.farm_income_usd.sum(axis=1)
    return income / (view.rule.opium_reference * USD_MILLION)


def income_index(state: State, view: Any) -> Floats:
    """Income of each province [r, a] relative to 2022: aid, trade and opium around 1."""
    rule = view.rule
    poppy = rule.poppy_zone_share[view.world.province_zone] / rule.poppy_zone_share.max()
    change = (
        rule.income_from_aid * aid_change(state, view)
        + rule.income_from_trade * (state.afghan_trade_usd_m / rule.trade_reference - 1.0)[:, None]
        + rule.income_from_opium * poppy * (opium_value(state, view) - 1.0)[:, None]
    )
    return np.maximum(1.0 + change, rule.income_floor)


def returnee_burden(state: State, view: Any) -> Floats:
    """Returns of the week by province [r, a], as a yearly share of its people in 2021.

    None where the coupling is off.
    """
    people = np.maximum(view.world.province_people, 1)
    burden = state.week_returnees * (WEEKS_PER_YEAR / people)
    return view.structure.coupling.aid_and_returnees * burden


def displaced_change(state: State, view: Any) -> Floats:
    """Displaced people of each province [r, a] as a share of its people, less that of August 2021.

    None where the coupling is off.
    """
    people = np.maximum(view.world.province_people, 1)
    more = state.displaced / people - view.displacement.displaced_start
    return view.structure.coupling.aid_and_returnees * more


def jobless(state: State, view: Any) -> Floats:
    """R9: share of each province without work [r, a], more with people from elsewhere."""
    rule = view.rule
    share = view.drivers.unemployment + (
        rule.unemployment_from_returnees * returnee_burden(state, view)
    )
    share = share + rule.unemployment_from_displaced * displaced_change(state, view)
    return np.clip(share, 0.0, 1.0)


def hardship(unemployment: Any, need: Any, weight: float) -> Any:
    """R9, H = weight x unemployment + (1 - weight) x food need."""
    return weight * unemployment + (1.0 - weight) * need


def revenue(state: State, view: Any, income: Floats) -> tuple[Counts, Counts, Counts, Counts]:
    """R1: customs, taxes, opium levy and mines [r] in whole USD of the week."""
    rule = view.rule
    collected = state.control.mean(axis=1) / rule.control_reference * rule.collection_efficiency
    farms = view.structure.coupling.narcotics_finance * opium_value(state, view)
    dues = rule.customs_tariff * state.afghan_trade_usd_m
    dues = dues + rule.transit_levy * state.transit_usd_m[:, 0]
    parts = (
        dues * collected,
        rule.domestic_revenue * income.mean(axis=1) * collected,
        rule.opium_levy * rule.opium_reference * farms,
        rule.mine_revenue * collected,
    )
    customs, taxes, levy, mines = (np.rint(p * PER_WEEK).astype(np.int64) for p in parts)
    return customs, taxes, levy, mines


def spending(available_usd: Counts, rule: Any) -> tuple[Counts, Counts, Counts]:
    """R2: security, civil and diverted money [r]; what was promised but not paid is diverted."""
    total = available_usd / (1.0 + rule.reserve_weeks)
    promised = rule.security_share * total
    paid = np.minimum(promised * rule.pay_factor, total)
    security = np.rint(paid).astype(np.int64)
    diverted = np.rint(np.maximum(promised, paid)).astype(np.int64) - security
    civil = np.rint(total).astype(np.int64) - security - diverted
    return security, civil, diverted


def effort(rule: Any, pay: Floats, loyalty: Floats, cooperation: Floats) -> Floats:
    """R6: counter-terror effort [r] relative to 2021, clipped to [0, 2]."""
    level = (
        rule.counter_terror_effort_factor
        * pay**rule.effort_from_pay
        * (loyalty / rule.loyalty_reference)
        * (1.0 - rule.effort_loss_from_split * rule.faction_split)
        * (1.0 + cooperation)
    )
    return np.clip(level, 0.0, MOST_EFFORT)


def control_change(
    control: Floats, hold: Floats, attacks: Floats, gain: float, loss: float, ceiling: Floats
) -> Floats:
    """R7: regained where loyal men are paid, lost to attacks."""
    return gain * hold * (ceiling - control) - rates.probability(loss * attacks) * control


def inclusion(
    base: float, pressed: float, engagement: Floats, conditions: Floats, alignment: Floats
) -> Floats:
    """Share of outsiders who feel represented [r]: pressed by conditions that engaged states set.

    Alignment of Russia with the Taliban takes the force out of that press.
    """
    press = pressed * (engagement * conditions).mean(axis=1) * (1.0 - alignment)
    return np.clip(base + press, 0.0, 1.0)


def promise_kept(will: Floats, kabul_share: Floats, pay: Floats, control: Floats) -> Floats:
    """R11: [r, a] from will [r, f] and the Kabul faction's share of each province [a]."""
    mixed = will[:, :1] * (1.0 - kabul_share) + will[:, 1:] * kabul_share
    return mixed * np.minimum(pay[:, None] * control, 1.0)


def _loyalty(state: State, week: int, view: Any, pay: Floats, excess: Floats, u: Floats) -> Floats:
    """R5, with noise [r, a]."""
    rule = view.rule
    pull = rates.logistic(
        rates.log_odds(rule.loyalty_start[view.world.province_zone])
        + rule.loyalty_from_pay * np.log(np.maximum(pay, LEAST_PAY))[:, None]
        - rule.loyalty_from_exclusion * excess
        - rule.loyalty_loss_from_split * rule.faction_split
    )
    drift = rule.loyalty_reversion * (pull - state.loyalty) + rule.loyalty_noise * rates.normal(u)
    return np.clip(state.loyalty + drift, *LOYALTY_RANGE)


def _legitimacy(state: State, view: Any, income: Floats, excess: Floats, safe: Floats) -> Floats:
    """R8: every term is a deviation from a reference, so each driver acts by its change."""
    rule, zone = view.rule, view.world.province_zone
    opium_loss = np.maximum(1.0 - opium_value(state, view), 0.0)[:, None]
    poppy = rule.poppy_zone_share[zone] / rule.poppy_zone_share.max()
    pull = rates.logistic(
        rates.log_odds(rule.legitimacy_start[zone])
        + rule.legitimacy_from_security * (safe - rule.control_start[zone])
        + rule.legitimacy_from_income * np.log(income)
        + rule.legitimacy_from_aid * aid_change(state, view)
        + rule.legitimacy_from_trade * (state.trade_index.mean(axis=1, keepdims=True) - 1.0)
        - rule.legitimacy_from_exclusion * excess
        - rule.legitimacy_loss_from_ban * poppy * opium_loss
        - rule.legitimacy_loss_from_returnees * returnee_burden(state, view)
        - rule.legitimacy_loss_from_entry
        * state.csto("entry")[:, None]
        * view.world.border_province
    )
    return state.legitimacy + rule.legitimacy_reversion * (pull - state.legitimacy)


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance Afghan rule by one week."""
    rule, drivers, world = view.rule, view.drivers, view.world
    income = income_index(state, view)
    flows = revenue(state, view, income)
    security, civil, diverted = spending(state.treasury_usd + sum(flows), rule)
    pay = security / (rule.security_cost * PER_WEEK)

    alignment = state.csto("alignment")
    included = inclusion(
        rule.inclusion,
        rule.inclusion_from_conditions,
        state.engagement,
        state.lever("conditionality"),
        alignment,
    )
    exclusion = world.non_pashtun_share * (1.0 - included[:, None])
    excess = exclusion - world.non_pashtun_share * (1.0 - rule.inclusion_reference)

    u = streams.uniform(LOYALTY, week, world.n_provinces)
    loyalty = _loyalty(state, week, view, pay, excess, u)
    control = state.control + control_change(
        state.control,
        loyalty * np.minimum(pay, 1.0)[:, None],
        (state.week_attacks + state.week_armed_attacks).astype(np.float64),
        rule.control_gain,
        rule.control_loss_per_attack,
        rule.control_ceiling[world.province_zone],
    )
    legitimacy = _legitimacy(state, view, income, excess, control)
    hungry = food_need(drivers.food_need, state, view)[:, None]
    need = hardship(jobless(state, view), hungry, rule.hardship_from_unemployment)
    cooperation = rule.effort_from_alignment * alignment + rule.effort_from_recognition * min(
        drivers.recognition, 1.0
    )
    will = state.faction_will + rule.will_reversion * (state.reciprocity - state.faction_will)
    kabul = rule.kabul_faction_share[world.province_zone]
    info = Info(
        *flows,
        security_usd=security,
        civil_usd=civil,
        diverted_usd=diverted,
        income=income,
        exclusion=exclusion,
        pay=pay,
    )
    changed = state.replace(
        control=control,
        legitimacy=legitimacy,
        loyalty=loyalty,
        treasury_usd=state.treasury_usd + info.revenue_usd - info.spending_usd,
        effort=effort(rule, pay, loyalty.mean(axis=1), cooperation),
        faction_will=will,
        promise_kept=promise_kept(will, kabul, pay, control)
        * (1.0 - rule.promise_loss_from_split * rule.faction_split),
        afghan_grievance=need * (1.0 - legitimacy),
    )
    return changed, info

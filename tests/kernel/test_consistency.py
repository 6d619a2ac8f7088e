"""Parameters that are possible one by one and impossible together are refused before a run."""

from __future__ import annotations

import pytest

from spillover import consistency
from spillover.batch.backend import model_backend
from spillover.clock import HORIZONS
from spillover.consistency import require_consistent
from spillover.errors import UserError
from spillover.evidence import draw

CELLS = "cells.cell_minimum, cells.cell_size, cells.cell_largest"
TARGETS = "plots.diaspora_target_home, plots.diaspora_target_russia"
CONTACT = "recruitment.contact_region, contact_state, contact_everywhere"
PATHS, BUDGET = "recruitment.path_share", "statecraft.budget_start"
SHOCK = "fragility.shock_shortest, fragility.shock_longest"
MEDIA = "information.media_weight"
EASE = "interdiction.ease_flat, interdiction.ease_loss"
HOMES = "networks.home_weight"
CAPITAL = "networks.least_capital, networks.founding_capital, networks.working_capital"
STOCK = "opium.stock_2022, opium.crop_2022, opium.demand"
LOST = "trade.diversion, trade.diversion_iran"
TURNED = "trade.diversion_share"
GOODS = "trade.flour_share, trade.fuel_share, trade.power_share"
SWITCHES = "structure.process, structure.coupling, structure.rival"

# (entries named, {path: value}, one member of an axis or none), each just beyond what fits.
REFUSED = [
    (CELLS, {"cells.cell_minimum": 12, "cells.cell_size": 12}, None),
    (CELLS, {"cells.cell_size": 12, "cells.cell_largest": 11}, None),
    (TARGETS, {"plots.diaspora_target_home": 0.5, "plots.diaspora_target_russia": 0.501}, None),
    (CONTACT, {"recruitment.contact_region": 0.501}, None),
    (CONTACT, {"recruitment.contact_everywhere": 0.199}, None),
    (PATHS, {PATHS: 0.401}, "home_cell"),
    (PATHS, {PATHS: 0.199}, "external_cell"),
    (BUDGET, {BUDGET: 0.251}, "intelligence"),
    (BUDGET, {BUDGET: 0.149}, "engagement"),
    (SHOCK, {"fragility.shock_shortest": 30, "fragility.shock_longest": 29}, None),
    (MEDIA, {"information.media_weight.tajik": 0.701}, "TJK"),
    (MEDIA, {"information.media_weight.uzbek": 0.749}, "UZB"),
    (EASE, {"interdiction.ease_flat": 0.6, "interdiction.ease_loss": 0.601}, None),
    (HOMES, {HOMES: 0}, None),
    (CAPITAL, {"networks.least_capital": 200_001}, None),
    (CAPITAL, {"networks.working_capital": 39_999}, None),
    (STOCK, {"opium.stock_2022": 1000, "opium.crop_2022": 9000}, None),
    (LOST, {"trade.diversion": 0.6, "trade.diversion_iran": 0.401}, None),
    (TURNED, {TURNED: 0}, None),
    (GOODS, {"trade.power_share": 0.301}, "KAZ"),
    (SWITCHES, {"structure.process.trade": 0.5}, None),
    (SWITCHES, {"structure.coupling.narcotics_finance": 0.5}, None),
    (SWITCHES, {"structure.rival.recruitment": 1.5}, None),
]
ALLOWED = [
    {"cells.cell_minimum": 11, "cells.cell_size": 12, "cells.cell_largest": 12},
    {"plots.diaspora_target_home": 0.5, "plots.diaspora_target_russia": 0.5},
    {"recruitment.contact_region": 0.6, "recruitment.contact_everywhere": 0.1},
    {"fragility.shock_shortest": 30, "fragility.shock_longest": 30},
    {"interdiction.ease_flat": 0.6, "interdiction.ease_loss": 0.6},
    {"networks.least_capital": 200_000},
    {"opium.stock_2022": 1000, "opium.crop_2022": 8500},
    {"trade.diversion": 0.6, "trade.diversion_iran": 0.4},
]


@pytest.fixture(scope="module")
def fitted(tree, world, set_to):
    """View of the first week with some paths set, for all members or one."""

    def build(values, member=None):
        more = {"members": (member,)} if member else {}
        changes = [set_to(path, value, **more) for path, value in values.items()]
        return tree.with_changes(changes).compile(1, world).at(0)

    return build


def test_documented_values_fit_together(compiled):
    for n_weeks in HORIZONS.values():
        parameters = compiled((), n_weeks)
        for week in (0, n_weeks // 2, n_weeks - 1):
            require_consistent(parameters.at(week))


@pytest.mark.parametrize(("where", "values", "member"), REFUSED, ids=lambda v: str(v)[:50])
def test_refused(fitted, where, values, member):
    with pytest.raises(UserError) as refusal:
        require_consistent(fitted(values, member))
    text = str(refusal.value)
    assert where in text and "do not fit together" in text and "set.PATH=VALUE" in text


@pytest.mark.parametrize("values", ALLOWED, ids=lambda v: " ".join(v))
def test_the_last_values_that_fit_are_allowed(fitted, values):
    require_consistent(fitted(values))


def test_every_rule_is_tried():
    assert {paths for paths, _, _ in consistency._RULES} == {where for where, _, _ in REFUSED}


def test_draws_from_the_priors_fit_together(tree, world):
    """A sweep over priors never stops half way because two draws do not go together."""
    for index in range(1, 41):
        require_consistent(tree.with_changes(draw(tree, 5, index)).compile(1, world).at(0))


def test_the_model_refuses_to_compile_what_does_not_fit(set_to):
    backend = model_backend()
    assert backend.compile(backend.tree, 1).n_weeks == 1
    with pytest.raises(UserError, match="cell_largest"):
        backend.compile(backend.tree.with_changes([set_to("cells.cell_largest", 11)]), 1)

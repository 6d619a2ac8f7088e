"""One world is one world: seeds, batches, forks, policies and what they cannot reach."""

from __future__ import annotations

import numpy as np
import pytest

from spillover import kernel
from spillover.axes import LEVERS, STATES
from spillover.batch.compose import load_layer
from spillover.batch.layers import layer_changes
from spillover.first_state import first_state
from spillover.state import FIELDS
from spillover.streams import Streams

# What happens north of the border reaches Afghanistan through contact with Kabul and plots only.
AFGHAN_HOME = (
    "control", "legitimacy", "loyalty", "treasury_usd", "effort", "promise_kept",
    "afghan_grievance", "fighters", "haven", "group_funds_usd", "cell_place", "cell_fighters",
    "cell_mode", "excitation", "week_attacks", "week_deadly",
)  # fmt: skip


def run(parameters, seed, replicates, first, last, state=None):
    return kernel.run(parameters, Streams(seed, replicates), first, last, state)


@pytest.fixture(scope="module")
def plain(compiled):
    """The documented world."""
    return compiled(n_weeks=60)


@pytest.fixture(scope="module")
def package():
    """The full package of recommendations from week 20."""
    return layer_changes(load_layer("policy", "full_package"), "policy", 20)


def test_same_seed_same_bits(compiled, differences, busy_world):
    p = compiled(busy_world)
    assert not differences(run(p, 9, range(3), 0, 30), run(p, 9, range(3), 0, 30))


def test_other_seed_other_world(plain, differences):
    changed = differences(run(plain, 1, range(2), 0, 10), run(plain, 2, range(2), 0, 10))
    assert {"cell_place", "fighters", "week_attacks", "exposed", "loyalty"} <= set(changed)


def test_replicates_differ(plain):
    state = run(plain, 1, range(4), 0, 10)
    for name in ("cell_place", "fighters", "exposed", "loyalty", "cell_mode"):
        values = getattr(state, name)
        for i in range(3):
            assert not np.array_equal(values[i], values[i + 1]), name


def test_batch_size_changes_nothing(compiled, differences, some_rows, busy_world):
    """Seven worlds at once, or in batches of one or three: the same seven worlds."""
    p = compiled(busy_world)
    whole = run(p, 77, range(7), 0, 24)
    for size in (1, 3):
        for start in range(0, 7, size):
            block = range(start, min(start + size, 7))
            part = run(p, 77, block, 0, 24)
            assert not differences(part, some_rows(whole, slice(block.start, block.stop)))


@pytest.mark.slow
def test_batch_size_changes_nothing_in_two_and_a_half_years(compiled, differences, some_rows):
    """Worlds of a batch of 50, alone, in a batch of seven, and three of them picked out of it."""
    p = compiled(n_weeks=130)
    whole = run(p, 78, range(50), 0, 130)
    for block in ([0], [49], [*range(20, 27)], [3, 17, 41]):
        assert not differences(run(p, 78, block, 0, 130), some_rows(whole, block))


def test_order_of_replicates_changes_nothing(plain, differences, some_rows):
    forward, backward = run(plain, 3, range(5), 0, 15), run(plain, 3, range(4, -1, -1), 0, 15)
    assert not differences(forward, some_rows(backward, slice(None, None, -1)))


def test_more_replicates_leave_the_first_ones_alone(plain, differences, some_rows):
    few, many = run(plain, 5, range(2), 0, 25), run(plain, 5, range(9), 0, 25)
    assert not differences(few, some_rows(many, slice(2)))


@pytest.mark.parametrize("week", [1, 14, 29])
def test_a_fork_is_the_unforked_run(compiled, differences, busy_world, week):
    """The state is all that the next week needs: nothing is hidden in the streams or processes."""
    p = compiled(busy_world)
    whole = run(p, 21, range(3), 0, 40)
    saved = run(p, 21, range(3), 0, week)
    run(p, 99, range(3), 0, 5)  # another world in between leaves no trace
    assert not differences(whole, run(p, 21, range(3), week, 40, saved))


def test_a_run_leaves_its_first_state_alone(plain, differences):
    streams = Streams(4, range(2))
    state = first_state(plain.at(0), streams)
    again = first_state(plain.at(0), streams)
    kernel.run(plain, streams, 0, 10, state)
    assert not differences(state, again)


def test_the_horizon_changes_nothing(compiled, differences):
    short, long = compiled(n_weeks=15), compiled(n_weeks=400)
    assert not differences(run(short, 8, range(2), 0, 15), run(long, 8, range(2), 0, 15))


def test_a_policy_leaves_its_past_alone(compiled, differences, package):
    base, treated = compiled(), compiled(package)
    before = [run(p, 12, range(3), 0, 20) for p in (base, treated)]
    assert not differences(*before)
    after = [run(p, 12, range(3), 0, 60) for p in (base, treated)]
    changed = differences(*after)
    assert {"delivered", "engagement", "link_detection"} <= set(changed)


def test_a_policy_acts_from_its_first_week(compiled, differences, package):
    """Levers are delivered late in the week; fragility, the one reader after that, hears of it."""
    base, treated = compiled(), compiled(package)
    one = [run(p, 12, range(2), 0, 21) for p in (base, treated)]
    assert set(differences(*one)) == {"delivered", "mobilisation"}
    two = [run(p, 12, range(2), 0, 22) for p in (base, treated)]
    assert {"edge_hazard", "openness", "trade_usd_m", "online_reach"} <= set(differences(*two))


def test_the_null_policy_is_the_baseline(compiled, plain, differences, set_to):
    null = compiled([set_to(f"levers.{name}.target", 0, start=5) for name in LEVERS])
    assert not differences(run(plain, 6, range(3), 0, 40), run(null, 6, range(3), 0, 40))


def test_a_policy_that_starts_after_the_run_is_no_policy(compiled, plain, differences, set_to):
    gone = compiled([set_to("levers.prevention.target", 3, start=50)])
    assert not differences(run(plain, 6, range(2), 0, 50), run(gone, 6, range(2), 0, 50))


def test_order_of_changes_changes_nothing(compiled, differences, busy_world, package):
    forward = compiled([*busy_world, *package])
    backward = compiled([*reversed(package), *reversed(busy_world)])
    assert forward.digest == backward.digest
    assert not differences(run(forward, 2, range(2), 0, 40), run(backward, 2, range(2), 0, 40))


def test_biometrics_in_kazakhstan_do_not_reach_afghanistan(compiled, plain, differences, set_to):
    """Kazakhstan has no Afghan border: only its travellers can be stopped, in few worlds early.

    In the four worlds of this seed none is, so all else stays as it was.
    """
    change = set_to("levers.biometrics.target", 3, members=("KAZ",))
    base, treated = (run(p, 32, range(4), 0, 26) for p in (plain, compiled([change])))
    changed = differences(base, treated)
    assert "delivered" in changed
    other = [c for c, name in enumerate(STATES) if name != "KAZ"]
    assert (base.delivered[:, other] == treated.delivered[:, other]).all()
    for name in (
        "link_detection",
        "patrol_share",
        "week_frontier",
        "fighters",
        "susceptible",
        "exposed",
        "radicalised",
        "control",
        "engagement",
        "plot_stage",
    ):
        assert name not in changed, name  # fmt: skip


def test_counter_messaging_does_not_reach_afghan_rule(compiled, plain, differences, set_to):
    """Recruits at home fall at once; Afghanistan feels it only through travellers, months later."""
    change = set_to("levers.counter_messaging.target", 3)
    changed = differences(
        run(plain, 31, range(12), 0, 12), run(compiled([change]), 31, range(12), 0, 12)
    )
    assert {"delivered", "exposed", "susceptible"} <= set(changed)
    assert not set(AFGHAN_HOME) & set(changed)


def test_reporting_reaches_nothing(compiled, plain, differences, set_to):
    """What would have been written down changes no world."""
    changes = [set_to("reporting.share_monitor", 0.1), set_to("reporting.strength_log_sd", 0.9),
               set_to("reporting.claims_ratio", 0.3)]  # fmt: skip
    other = compiled(changes)
    assert not differences(run(plain, 31, range(3), 0, 30), run(other, 31, range(3), 0, 30))


def test_afghan_money_reaches_republics_at_once_by_trade_and_contact_only(
    compiled, plain, differences, set_to
):
    """A levy that is not paid is an Afghan matter in its week: pay, control, promises.

    Trade stands later in the same week and feels control, contact with Kabul feels kept promises,
    and trust of pairs feels contact: each by less than a millionth. No person, patrol, drug or
    weapon north of the border has moved.
    """
    change = set_to("rule.opium_levy", 0.0, start=20)
    base, treated = run(plain, 2, range(3), 0, 21), run(compiled([change]), 2, range(3), 0, 21)
    changed = set(differences(base, treated))
    rule = {"treasury_usd", "effort", "loyalty", "control", "legitimacy", "promise_kept",
            "afghan_grievance", "counter_terror_knowledge"}  # fmt: skip
    trade = {"trade_usd_m", "afghan_trade_usd_m", "trade_index", "transit_usd_m",
             "corridor_progress"}  # fmt: skip
    contact = {"engagement", "reciprocity", "pair_trust"}
    assert changed == rule | trade | contact
    for name in trade | contact:
        before, after = getattr(base, name), getattr(treated, name)
        assert np.abs(after - before).max() < 1e-6 * np.abs(before).max(), name


def test_fields_cover_the_whole_state(plain):
    """The comparisons above see every array of the record."""
    state = run(plain, 1, range(2), 0, 1)
    assert len(FIELDS) == len(set(FIELDS)) > 60
    assert all(isinstance(getattr(state, name), np.ndarray) for name in FIELDS)

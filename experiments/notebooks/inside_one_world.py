# %% [markdown]
# # Inside one world
# Takes one world of a results folder (`make run` writes results/quick), looks up what is different
# in it under the policy, then simulates it again week by week, with and without. One world is one
# possible course, never evidence for a policy: `compare` looks at all of them.

# %%
import sys

import numpy as np
import pandas as pd

from spillover import clock, open_results
from spillover.axes import STATES
from spillover.figures import averted_induced, network_snapshot
from spillover.model import SpilloverModel

folder = sys.argv[1] if len(sys.argv) > 1 and "ipykernel" not in sys.argv[0] else "results/quick"
results = open_results(folder)
world, scenario, policy = 17, "malign_escalation", "full_package"

# %% [markdown]
# What the policy averts and induces, over all worlds and in this one. Both are counts by state and
# year; seizures and arrivals are no failures by themselves.

# %%
events = results.sel(scenario=scenario, policy=["status_quo", policy]).events()
attacks = events[events["outcome"] == "attacks_home"]
if len(attacks):
    averted_induced(attacks, by="period")
everything = events.groupby("outcome", sort=False)[["averted", "induced"]].sum()
here = results.events(world=world)
here = here[(here["scenario"] == scenario) & (here["policy"] == policy)]
print(f"{policy} in {scenario}: events per world, all worlds")
print(everything.to_string())
print(f"in world {world}")
print(here.groupby("outcome", sort=False)[["averted", "induced"]].sum().to_string())

# %% [markdown]
# The same world again, week by week. Random numbers have addresses, so the two courses are one
# until the policy begins, and differ afterwards only where the policy reaches.


# %%
def simulate(name: str) -> SpilloverModel:
    """The world under one policy, to its last week."""
    seed = int(results.manifest["seed"])
    model = SpilloverModel(scenario=scenario, policy=name, replicate=world, seed=seed)
    while model.running:
        model.step()
    return model


baseline, treated = simulate("status_quo"), simulate(policy)
change = treated.recorder.path("plots_started") - baseline.recorder.path("plots_started")
timeline = pd.DataFrame(change[:, 0], columns=list(STATES))
timeline.index = pd.Index([clock.week_start(week) for week in timeline.index], name="week")
print("weeks in which a plot is averted (-1) or induced (+1)")
print(timeline[(timeline != 0).any(axis=1)].astype(int).to_string())

# %% [markdown]
# Who is where in the last week: provinces and regions only, no place is finer than that.

# %%
state, places = treated.state, treated.parameters.world.place_ids
in_use = state.cell_place[0] >= 0
fighters = np.bincount(state.cell_place[0][in_use], weights=state.cell_fighters[0][in_use])
homes = np.bincount(state.network_home[0][state.network_home[0] >= 0])
links = treated.parameters.world.link_ids
network_snapshot(
    {places[p]: float(n) for p, n in enumerate(fighters)},
    {places[p]: float(n) for p, n in enumerate(homes)},
    {link: float(share) for link, share in zip(links, state.link_detection[0], strict=True)},
    title=f"World {world}, {scenario}, {policy}, last week",
)

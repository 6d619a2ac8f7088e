# %% [markdown]
# # First steps
# Opens a results folder (`make run` writes results/quick), looks at what is in it, and at how far
# apart its worlds are.

# %%
import sys

from spillover import open_results

folder = sys.argv[1] if len(sys.argv) > 1 and "ipykernel" not in sys.argv[0] else "results/quick"
results = open_results(folder)
results

# %% [markdown]
# What is counted, in which unit, and whether more of it is better:

# %%
results.outcomes[results.outcomes["headline"]]

# %% [markdown]
# One row per world and region; `all5` is the five states together.

# %%
worlds = results.to_pandas()
print(worlds.groupby(["scenario", "policy", "region"], sort=False).mean().T.to_string())

# %% [markdown]
# The spread over worlds says how different one course may be from another. It is not the error of
# a mean, and not the probability of anything.

# %%
results.plot.distribution("attacks_home")
results.sel(scenario=results.scenarios[0]).plot.distribution("attacks_home")

# %% [markdown]
# Other tools: `results.to_xarray()`, `results.to_ema()`, or the Parquet files themselves.

# %%
experiments, outcomes = results.to_ema()
experiments.head()

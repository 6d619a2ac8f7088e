# %% [markdown]
# # Compare policies
# Reads a folder that `spillover compare` has written (`make run` writes results/quick) and asks
# what holds up, whether that depends on what you call a difference, and in which scenario it fails.

# %%
import sys

from spillover import open_results

folder = sys.argv[1] if len(sys.argv) > 1 and "ipykernel" not in sys.argv[0] else "results/quick"
results = open_results(folder)
results

# %% [markdown]
# The card in words comes first.

# %%
compared = results.compare()
print(compared.card.markdown)

# %% [markdown]
# Effects of one key outcome: hollow dots do not matter at the tolerance, or are not known well
# enough.

# %%
outcome = compared.table["outcome"].iloc[0]
compared.plot.forest(outcome)
compared.table

# %% [markdown]
# Is the verdict yours? Ask with another tolerance.

# %%
strict = results.compare(tolerance={outcome: "1 %"}).table
loose = results.compare(tolerance={outcome: "25 %"}).table
print(strict[["scenario", "policy", "verdict"]].assign(loose=loose["verdict"]).to_string())

# %% [markdown]
# Criteria across scenarios disagree; regret says where.

# %%
robustness = results.robustness()
robustness.plot.regret(outcome)
robustness.agreement

"""Main effects and synergies of measures that are each on or off (2^k factorial design)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from spillover.analysis.contrasts import simultaneous_intervals


def factorial_effects(
    values: np.ndarray, is_on: np.ndarray, factors: Sequence[str]
) -> pd.DataFrame:
    """Effects of a full 2^k design with simultaneous intervals over paired worlds (Yates 1937).

    A main effect is the mean with the factor less the mean without it. An interaction of two
    factors is half of how much the effect of one changes when the other is there, and so on: each
    term is the mean with an even number of its factors missing less the mean with an odd number.

    Args:
        values: [combination, world], in the unit of the outcome.
        is_on: which factors a combination has [combination, factor]; every combination once.
        factors: names [factor].

    Returns:
        Columns term (names joined by ``:``), order, kind, mean, low, high.

    Raises:
        ValueError: the design is not complete.
    """
    n_combinations, n_factors = is_on.shape
    codes = {tuple(row) for row in is_on.astype(bool).tolist()}
    if len(codes) != n_combinations or n_combinations != 2**n_factors:
        raise ValueError(f"{n_combinations} combinations of {n_factors} factors are no full design")
    signs = np.where(is_on, 1.0, -1.0)
    terms = [t for size in range(1, n_factors + 1) for t in combinations(range(n_factors), size)]
    contrasts = np.array([signs[:, list(term)].prod(axis=1) for term in terms])
    found = simultaneous_intervals(contrasts @ values / (n_combinations / 2))
    return pd.DataFrame(
        {
            "term": [":".join(factors[i] for i in term) for term in terms],
            "order": [len(term) for term in terms],
            "kind": ["main effect" if len(term) == 1 else "synergy" for term in terms],
            "mean": found.mean,
            "low": found.low,
            "high": found.high,
        }
    )

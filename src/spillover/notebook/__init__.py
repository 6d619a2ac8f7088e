"""Results in a notebook: ``from spillover import open_results``."""

from spillover.notebook.results import open_results

__all__ = ["open_results"]

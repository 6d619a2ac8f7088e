"""Facts, parameters and the changes made to them: the only reader of YAML numbers.

A fact says what a document says, a parameter says what the model does with it, and a change
says what a scenario, stressor, policy or user alters. The three are joined by ids.
"""

from spillover.evidence.changes import LAYERS, Change
from spillover.evidence.compiled import Parameters
from spillover.evidence.entries import Entry
from spillover.evidence.explain import explain
from spillover.evidence.facts import Fact, load_facts, load_papers, load_sources
from spillover.evidence.priors import Prior, draw, draw_unit
from spillover.evidence.tree import ParameterTree, load_tree
from spillover.evidence.units import UNITS

__all__ = [
    "LAYERS",
    "UNITS",
    "Change",
    "Entry",
    "Fact",
    "ParameterTree",
    "Parameters",
    "Prior",
    "draw",
    "draw_unit",
    "explain",
    "load_facts",
    "load_papers",
    "load_sources",
    "load_tree",
]

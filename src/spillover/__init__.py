"""Spillover of the Afghan crisis into Central Asia: an agent-based policy simulation."""

from importlib import import_module

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """`open_results`, imported when it is first asked for: the command line starts without it."""
    if name == "open_results":
        return import_module("spillover.notebook").open_results
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

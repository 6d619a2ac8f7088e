"""Spillover of the Afghan crisis into Central Asia: an agent-based policy simulation."""

__version__ = "0.1.0"

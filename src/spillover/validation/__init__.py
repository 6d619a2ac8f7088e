"""A hindcast against what was observed: patterns, their bands and how often the model meets them.

Everything here takes the tables of a results folder and returns tables. Nothing is fitted.
"""

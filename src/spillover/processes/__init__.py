"""The submodels of a week, one file each; they never import each other (docs/odd.md)."""

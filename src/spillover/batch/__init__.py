"""Batch runs: a configuration becomes cells, cells become chunks, chunks become stored tables."""

"""Runs from a name to a folder, one or many: sweeps, executors, results, tables."""

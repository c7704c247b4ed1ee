"""Distributions on the plane."""

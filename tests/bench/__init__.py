"""Benchmarks against a whole installation on this machine."""
